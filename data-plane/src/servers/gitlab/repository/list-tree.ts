import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { atCommit } from '../api/at-commit.ts'
import { keysetPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'

const Row = z
  .object({ path: z.string(), type: z.string() })
  .transform(({ path, type }) => ({ path, type: type === 'tree' ? 'directory' : type === 'commit' ? 'submodule' : 'file' }))

export const listTree = gitlab.tool({
  name: 'list_tree',
  description: 'Files and directories below a path of a repository, at a branch, tag or commit.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    path: textArg(1_000, 'Default: the top').optional(),
    ref: textArg(500, 'Default: the default branch').optional(),
    recursive: z.boolean().default(false),
    ...listInput,
  }),
  output: listOutput(z.object({ path: z.string(), type: z.string() })),
  async run(args, context) {
    const project = projectId(context.settings, args.project)
    const folder = args.path?.replace(/^\/+|\/+$/g, '') || undefined
    const list = {
      api: api(context),
      path: path`/projects/${project}/repository/tree`,
      item: Row,
      id: (row: z.output<typeof Row>) => row.path,
    }
    return listReply(
      await atCommit({ api: list.api, project, ref: args.ref, asked: { tool: 'list_tree', args } }, (ref, asked) =>
        keysetPage({ ...list, query: { path: folder, ref, recursive: args.recursive }, asked }),
      ),
    )
  },
  text: (reply) =>
    listText(reply, (row) => (row.type === 'file' ? row.path : `${row.path} (${row.type})`), { one: 'entry', many: 'entries' }),
})
