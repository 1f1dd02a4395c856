import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { windowPage } from '../api/walks.ts'
import { gitlab } from '../declaration/server.ts'
import { groupId, projectId } from '../input/reference.ts'
import { GroupArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { IssueItem, issueLine, IssueRow } from '../shape/issue.ts'
import { listInput, listOutput, listReply, listText } from '../shape/list-reply.ts'

export const listIssues = gitlab.tool({
  name: 'list_issues',
  description: 'Issues of a project or a group; without either, those you made or that are assigned to you, as scope says.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    group: GroupArg.optional(),
    scope: z.enum(['created_by_me', 'assigned_to_me', 'all']).optional(),
    state: z.enum(['opened', 'closed', 'all']).default('opened'),
    labels: textArg(500, 'All of these, with commas').optional(),
    assignee: textArg(255, 'Login').optional(),
    author: textArg(255, 'Login').optional(),
    milestone: textArg(255, 'Title').optional(),
    search: textArg(500, 'Words in title and text').optional(),
    ...listInput,
  }),
  output: listOutput(IssueItem),
  async run(args, context) {
    const { project, group, scope, state, labels, assignee, author, milestone, search } = args
    const { settings } = context
    const mine = project === undefined && group === undefined && assignee === undefined && author === undefined
    const where =
      project !== undefined
        ? path`/projects/${projectId(settings, project)}/issues`
        : group !== undefined
          ? path`/groups/${groupId(settings, group)}/issues`
          : path`/issues`
    const query = {
      scope: scope ?? (mine ? 'created_by_me' : 'all'),
      state,
      labels,
      assignee_username: assignee === undefined ? undefined : [assignee],
      author_username: author,
      milestone,
      search,
    }
    const asked = { tool: 'list_issues', args }
    const list = { api: api(context), path: where, item: IssueRow, query, asked }
    return listReply(await windowPage({ ...list, id: ({ id }) => id, createdAt: ({ made_at }) => made_at }))
  },
  text: (reply) => listText(reply, issueLine, { one: 'issue' }),
})
