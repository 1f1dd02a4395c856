import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { numbered } from '../input/reference.ts'
import { MergeRequestArg, ProjectArg } from '../input/text-arg.ts'
import { diffInput, diffOutput, diffReply, diffText } from './diff-reply.ts'
import { filesOf } from './files-of.ts'
import { pageThatFits } from './page-that-fits.ts'

export const getMergeRequestDiff = gitlab.tool({
  name: 'get_merge_request_diff',
  description: 'The changed files of a merge request with their line counts; with paths, or without stat_only, their diff too.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({ project: ProjectArg.optional(), merge_request: MergeRequestArg, ...diffInput }),
  output: diffOutput,
  async run(args, context) {
    const { project, iid } = numbered(context.settings, 'merge_request', args.merge_request, args.project)
    const asked = { tool: 'get_merge_request_diff', args }
    const list = {
      api: api(context),
      path: path`/projects/${project}/merge_requests/${iid}/diffs`,
      query: { unidiff: true },
    }
    const page = args.paths ? await filesOf(list, args.paths) : await pageThatFits({ ...list, asked }, args)
    return diffReply(page, args)
  },
  text: diffText,
})
