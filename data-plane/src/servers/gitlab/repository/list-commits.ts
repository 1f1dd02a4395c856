import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { atCommit } from '../api/at-commit.ts'
import { numberedPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'
import { CommitItem, commitLine, CommitRow } from '../shape/commit.ts'

export const listCommits = gitlab.tool({
  name: 'list_commits',
  description: 'Commits of a branch, tag or commit, the newest first; those that changed a path, of an author, or of a time.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    ref: textArg(500, 'Default: the default branch').optional(),
    path: textArg(1_000, 'File or directory').optional(),
    author: textArg(255, 'Part of name or e-mail').optional(),
    since: textArg(40, 'ISO 8601').optional(),
    until: textArg(40, 'ISO 8601').optional(),
    ...listInput,
  }),
  output: listOutput(CommitItem),
  async run(args, context) {
    const { ref, author, since, until } = args
    const project = projectId(context.settings, args.project)
    const list = {
      api: api(context),
      path: path`/projects/${project}/repository/commits`,
      item: CommitRow,
      id: ({ sha }: z.output<typeof CommitRow>) => sha,
    }
    return listReply(
      await atCommit({ api: list.api, project, ref, asked: { tool: 'list_commits', args } }, (ref_name, asked) =>
        numberedPage({ ...list, query: { ref_name, path: args.path, author, since, until }, asked }),
      ),
    )
  },
  text: (reply) => listText(reply, commitLine, { one: 'commit' }),
})
