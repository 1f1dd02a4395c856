import { created, ok, Refusal } from '../http/answer.ts'
import { oneOf, requiredText, route, text, words } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import type { Issue, Project } from '../world/project.ts'
import { issueOf, projectFor, projectOf, usersOf } from './find.ts'
import { ofCaller, select } from './lists.ts'
import { labelsAfter } from './merge-requests.ts'
import { presentIssue, presentMergeRequest } from '../present/noteable.ts'
import { projectsOfGroup, visible } from './projects.ts'

const at = '/projects/:id/issues/:iid'

export const issueRoutes: readonly Route[] = [
  route('GET', '/issues', (call) => list(call, ofCaller(call, all(visible(call))))),
  route('GET', '/groups/:id/issues', (call) => list(call, all(projectsOfGroup(call)))),
  route('GET', '/projects/:id/issues', (call) => list(call, projectOf(call).issues)),
  route('GET', at, (call) => ok(presentIssue(issueOf(call)))),
  route('GET', `${at}/related_merge_requests`, (call) => {
    const { project, iid } = issueOf(call)
    const related = project.mergeRequests.filter(({ description }) => new RegExp(`#${iid}\\b`).test(description))
    return paginate(call, related, presentMergeRequest)
  }),
  route('POST', '/projects/:id/issues', (call) => {
    const project = projectFor(call, 'reporter')
    const issue = call.world.addIssue(project, call.user, { title: requiredText(call, 'title') })
    change(call, issue)
    return created(presentIssue(issue))
  }),
  route('PUT', at, (call) => {
    const issue = issueOf(call, projectFor(call, 'reporter'))
    const title = text(call, 'title')
    if (title === '') throw new Refusal(400, { message: { title: ["can't be blank"] } })
    issue.title = title ?? issue.title
    change(call, issue)
    return ok(presentIssue(issue))
  }),
]

const all = (projects: readonly Project[]): Issue[] => projects.flatMap(({ issues }) => issues)

const list = (call: Call, issues: readonly Issue[]) => paginate(call, select(call, issues), presentIssue)

function change(call: Call, issue: Issue): void {
  issue.description = text(call, 'description') ?? issue.description
  issue.dueDate = text(call, 'due_date') ?? issue.dueDate
  issue.confidential = (text(call, 'confidential') ?? String(issue.confidential)) === 'true'
  const assignees = words(call, 'assignee_ids')
  if (assignees) issue.assignees = usersOf(call, assignees)
  const milestone = text(call, 'milestone_id')
  if (milestone !== undefined) issue.milestone = issue.project.milestones.find(({ id }) => id === Number(milestone))
  issue.labels = labelsAfter(call, issue.labels)
  const event = oneOf(call, 'state_event', ['close', 'reopen'])
  if (event !== undefined) issue.state = event === 'close' ? 'closed' : 'opened'
  issue.closedAt = issue.state === 'closed' ? call.world.now() : undefined
  issue.updatedAt = call.world.now()
}
