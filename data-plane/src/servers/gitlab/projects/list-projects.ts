import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { keysetPage, numberedPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { GroupArg, textArg } from '../input/text-arg.ts'
import { groupId } from '../input/reference.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'
import { ProjectItem, projectLine, ProjectRow } from '../shape/project.ts'

export const listProjects = gitlab.tool({
  name: 'list_projects',
  description:
    'Projects that you are a member of (first page: the most recently active first), or those of a group. Use search to find any other project.',
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
  async run(args, context) {
    const { query, group, archived, include_subgroups } = args
    const ofGroup = group !== undefined
    const list = {
      api: api(context),
      path: ofGroup ? path`/groups/${groupId(context.settings, group)}/projects` : path`/projects`,
      item: ProjectRow,
      query: {
        ...(ofGroup ? { include_subgroups } : { membership: true }),
        simple: true,
        search: query,
        archived,
        order_by: 'id',
        sort: 'asc',
      },
      asked: { tool: 'list_projects', args },
      id: ({ id }: { id: number }) => id,
    }
    // GitLab pages the projects of a group by number alone.
    const byActivity = { order_by: 'last_activity_at', sort: 'desc' }
    return listReply(await (ofGroup ? numberedPage(list) : keysetPage({ ...list, first: byActivity })))
  },
  text: (reply) => listText(reply, projectLine, { one: 'project' }),
})
