import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { numberedPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { absent, flag } from '../shape/absent.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'
import { oneLine } from '../shape/text.ts'
import { Minute } from '../shape/time.ts'

const Row = z
  .object({
    name: z.string(),
    default: flag,
    protected: flag,
    merged: flag,
    commit: absent(z.object({ short_id: z.string(), title: z.string(), committed_date: absent(Minute) })),
  })
  .transform(({ commit, ...row }) => ({
    ...row,
    commit: commit && `${commit.short_id} ${oneLine(commit.title, 100)}`,
    committed_at: commit?.committed_date,
  }))

const Item = z.object({
  name: z.string(),
  default: z.boolean().optional(),
  protected: z.boolean().optional(),
  merged: z.boolean().optional(),
  commit: z.string().optional(),
  committed_at: z.string().optional(),
})

export const listRefs = gitlab.tool({
  name: 'list_refs',
  description: 'Branches or tags of a project by name, each with its latest commit.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    kind: z.enum(['branches', 'tags']).default('branches'),
    query: textArg(200, 'Part of the name').optional(),
    ...listInput,
  }),
  output: listOutput(Item),
  async run(args, context) {
    const id = projectId(context.settings, args.project)
    const where = args.kind === 'branches' ? path`/projects/${id}/repository/branches` : path`/projects/${id}/repository/tags`
    // Tags are ordered by time unless asked otherwise. Names do not change, so a walk by name is stable.
    const query = { search: args.query, ...(args.kind === 'tags' && { order_by: 'name', sort: 'asc' }) }
    const asked = { tool: 'list_refs', args }
    return listReply(await numberedPage({ api: api(context), path: where, item: Row, query, asked, id: ({ name }) => name }))
  },
  text: (reply) =>
    listText(
      reply,
      (ref) =>
        `${ref.name}${ref.default ? ' (default)' : ''}${ref.protected ? ' (protected)' : ''}${ref.commit === undefined ? '' : `: ${ref.commit} ${ref.committed_at ?? ''}`}`,
      { one: 'ref' },
    ),
})
