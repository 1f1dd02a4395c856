import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { atCommit } from '../api/at-commit.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { comparedFiles } from './comparison.ts'
import { diffInput, diffOutput, diffReply, diffText } from './diff-reply.ts'
import { filesOf } from './files-of.ts'
import { pageThatFits } from './page-that-fits.ts'

export const getDiff = gitlab.tool({
  name: 'get_diff',
  description:
    'What a commit changed, or what is in `to` since it left `from`: files with line counts; with paths, or without stat_only, their diff.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    commit: textArg(500).optional(),
    from: textArg(500, 'Branch, tag or commit').optional(),
    to: textArg(500).optional(),
    ...diffInput,
  }),
  output: diffOutput,
  async run(args, context) {
    const { commit, from, to } = args
    const id = projectId(context.settings, args.project)
    if (commit !== undefined && from === undefined && to === undefined) {
      const list = (ref: string) => ({
        api: api(context),
        path: path`/projects/${id}/repository/commits/${ref}/diff`,
        query: { unidiff: true },
      })
      if (args.paths) return diffReply(await filesOf(list(commit), args.paths), args)
      const place = { api: api(context), project: id, ref: commit, asked: { tool: 'get_diff', args } }
      return diffReply(await atCommit(place, (ref = commit, asked) => pageThatFits({ ...list(ref), asked }, args)), args)
    }
    if (commit !== undefined || from === undefined || to === undefined) throw whichOne()
    return diffReply(await comparedFiles({ api: api(context), project: id, from, to, asked: { tool: 'get_diff', args }, args }), args)
  },
  text: diffText,
})

const whichOne = () =>
  new ToolError('invalid_input', 'Give commit alone, or from and to.', { hint: 'commit: one sha. from and to: branches, tags or commits.' })
