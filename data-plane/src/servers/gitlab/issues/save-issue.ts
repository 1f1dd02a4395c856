import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { refuseCommands } from '../input/commands.ts'
import { numbered, projectId } from '../input/reference.ts'
import { IssueArg, ProjectArg, textArg } from '../input/text-arg.ts'
import { LoginsArg, userIds } from '../people/user-ids.ts'
import { IssueItem, issueLine, IssueRow } from '../shape/issue.ts'

export const saveIssue = gitlab.tool({
  name: 'save_issue',
  description: 'Creates an issue in a project, or changes the given one: only what you name. labels replaces all labels.',
  level: 'write',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg.optional(),
    issue: IssueArg.optional(),
    title: textArg(255).optional(),
    description: textArg(500_000, 'Markdown').optional(),
    labels: textArg(1_000, 'With commas').optional(),
    add_labels: textArg(1_000).optional(),
    remove_labels: textArg(1_000).optional(),
    assignees: LoginsArg('Logins; replaces all').optional(),
    milestone: textArg(255, 'Title').optional(),
    due_date: textArg(10, 'YYYY-MM-DD').optional(),
    confidential: z.boolean().optional(),
    state: z.enum(['close', 'reopen']).optional(),
  }),
  output: inBrief(IssueItem, ['iid', 'web_url']),
  async run({ project, issue, assignees, milestone, state, ...plain }, context) {
    refuseCommands(context.level, plain.description)
    const gitlabApi = api(context)
    const at = issue === undefined ? undefined : numbered(context.settings, 'issue', issue, project)
    if (!at && (project === undefined || plain.title === undefined)) throw missing()
    const place = at?.project ?? projectId(context.settings, project ?? '')
    const json = {
      ...plain,
      assignee_ids: await userIds(gitlabApi, assignees),
      milestone_id: milestone === undefined ? undefined : await milestoneId(gitlabApi, place, milestone),
      ...(at && { state_event: state }),
    }
    if (at) return gitlabApi.send('PUT', path`/projects/${place}/issues/${at.iid}`, IssueRow, { json })
    const labels = [json.labels, json.add_labels].filter((names) => names !== undefined).join(',') || undefined
    const made = { ...json, labels, add_labels: undefined, remove_labels: undefined }
    return gitlabApi.send('POST', path`/projects/${place}/issues`, IssueRow, { json: made })
  },
  text: issueLine,
})

const missing = () =>
  new ToolError('invalid_input', 'A new issue needs project and title.', { hint: 'Give both, or name in issue the one to change.' })

async function milestoneId(api: HttpApi, project: string, title: string): Promise<number> {
  const found = await api.get(path`/projects/${project}/milestones`, z.array(z.object({ id: z.number(), title: z.string() })), {
    title,
    include_ancestors: true,
  })
  const milestone = found.find((one) => one.title === title)
  if (milestone) return milestone.id
  throw new ToolError('invalid_input', `The project has no milestone ${JSON.stringify(title)}.`, {
    hint: 'Give the title of one that it has.',
  })
}
