import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
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
    const { project, ref, recursive } = args
    return listReply(
      await keysetPage({
        api: api(context),
        path: path`/projects/${projectId(context.settings, project)}/repository/tree`,
        item: Row,
        query: { path: args.path?.replace(/^\/+|\/+$/g, '') || undefined, ref, recursive },
        asked: { tool: 'list_tree', args },
        id: (row) => row.path,
      }),
    )
  },
  text: (reply) => listText(reply, (row) => (row.type === 'file' ? row.path : `${row.path} (${row.type})`), 'entries'),
})
