import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { listPage } from '../api/list-page.ts'
import { gitlab } from '../declaration/server.ts'
import { GroupArg, textArg } from '../input/text-arg.ts'
import { groupId } from '../input/reference.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'
import { ProjectItem, projectLine, ProjectRow } from '../shape/project.ts'

export const listProjects = gitlab.tool({
  name: 'list_projects',
  description:
    'Projects that you are a member of, or those of a group, the most recently active first. Use search to find any other project.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    query: textArg(200, 'Part of a name or path').optional(),
    group: GroupArg.optional(),
    archived: z.boolean().optional().describe('Only archived, or only others; default both'),
    include_subgroups: z.boolean().default(true),
    ...listInput,
  }),
  output: listOutput(ProjectItem),
  async run({ query, group, archived, include_subgroups, limit, cursor }, context) {
    const where = group === undefined ? path`/projects` : path`/groups/${groupId(context.settings, group)}/projects`
    const scope = group === undefined ? { membership: true } : { include_subgroups }
    const asked = { ...scope, simple: true, order_by: 'last_activity_at', sort: 'desc', search: query, archived }
    return listReply(await listPage(api(context), where, ProjectRow, { query: asked, limit, cursor }))
  },
  text: (reply) => listText(reply, projectLine, 'projects'),
})
