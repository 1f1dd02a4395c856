import { created, ok, Refusal, unauthorized } from '../http/answer.ts'
import { flag, numberParam, oneOf, requiredText, route, text, words } from '../http/call.ts'
import type { Call, Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { ACCESS, presentUser } from '../world/people.ts'
import type { MergeRequest, Project } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'
import { mergeRequestOf, projectFor, projectOf, usersOf } from './find.ts'
import { ofCaller, select } from './lists.ts'
import { changesOf, headOf } from '../present/merge-request-changes.ts'
import { presentCommit } from '../present/commit.ts'
import { presentIssue, presentMergeRequest, presentPipeline, presentWholeMergeRequest, mergeStatus } from '../present/noteable.ts'
import { projectsOfGroup, visible } from './projects.ts'

const at = '/projects/:id/merge_requests/:iid'

export const mergeRequestRoutes: readonly Route[] = [
  route('GET', '/merge_requests', (call) => list(call, ofCaller(call, all(visible(call))))),
  route('GET', '/groups/:id/merge_requests', (call) => list(call, all(projectsOfGroup(call)))),
  route('GET', '/projects/:id/merge_requests', (call) => list(call, projectOf(call).mergeRequests)),
  route('GET', at, (call) => shown(call, mergeRequestOf(call))),
  route('GET', `${at}/approvals`, (call) => ok(presentApprovals(mergeRequestOf(call)))),
  route('GET', `${at}/commits`, (call) => paginate(call, changesOf(mergeRequestOf(call)).commits, presentCommit)),
  route('GET', `${at}/diffs`, (call) => paginate(call, changesOf(mergeRequestOf(call)).diffs, (diff) => diff)),
  route('GET', `${at}/pipelines`, (call) => {
    const { project, sourceBranch } = mergeRequestOf(call)
    return paginate(call, project.pipelines.filter(({ ref }) => ref === sourceBranch).toReversed(), presentPipeline)
  }),
  route('GET', `${at}/closes_issues`, (call) => paginate(call, related(mergeRequestOf(call)), presentIssue)),
  route('GET', `${at}/related_issues`, (call) => paginate(call, related(mergeRequestOf(call)), presentIssue)),
  route('POST', '/projects/:id/merge_requests', create),
  route('PUT', at, update),
  route('POST', `${at}/approve`, approve),
  route('POST', `${at}/unapprove`, (call) => {
    const mergeRequest = mergeRequestOf(call, projectFor(call, 'developer'))
    if (!mergeRequest.approvedBy.includes(call.user)) throw new Refusal(404, { message: '404 Not Found' })
    mergeRequest.approvedBy = mergeRequest.approvedBy.filter((user) => user !== call.user)
    return created(presentApprovals(mergeRequest))
  }),
  route('PUT', `${at}/merge`, merge),
]

const all = (projects: readonly Project[]): MergeRequest[] => projects.flatMap(({ mergeRequests }) => mergeRequests)

function list(call: Call, from: readonly MergeRequest[]) {
  const reviewer = text(call, 'reviewer_username')
  const target = text(call, 'target_branch')
  const source = text(call, 'source_branch')
  const iids = words(call, 'iids')
  const found = select(call, from).filter(
    (mergeRequest) =>
      (reviewer === undefined || mergeRequest.reviewers.some(({ username }) => username === reviewer)) &&
      (target === undefined || mergeRequest.targetBranch === target) &&
      (source === undefined || mergeRequest.sourceBranch === source) &&
      (iids === undefined || iids.includes(String(mergeRequest.iid))),
  )
  return paginate(call, found, presentMergeRequest)
}

/** Issues that its text names, as `#3`. */
const related = ({ project, description }: MergeRequest) => project.issues.filter(({ iid }) => new RegExp(`#${iid}\\b`).test(description))

const shown = (call: Call, mergeRequest: MergeRequest) => ok(presentWholeMergeRequest(mergeRequest, canMerge(call, mergeRequest)))

const canMerge = ({ world, user }: Call, { project }: MergeRequest): boolean => (world.accessTo(project, user) ?? 0) >= ACCESS.maintainer

function presentApprovals(mergeRequest: MergeRequest) {
  const left = Math.max(0, mergeRequest.approvalsRequired - mergeRequest.approvedBy.length)
  return {
    id: mergeRequest.id,
    iid: mergeRequest.iid,
    project_id: mergeRequest.project.id,
    title: mergeRequest.title,
    state: mergeRequest.state,
    approved: left === 0,
    approvals_required: mergeRequest.approvalsRequired,
    approvals_left: left,
    approved_by: mergeRequest.approvedBy.map((user) => ({ user: presentUser(user), approved_at: timestamp(mergeRequest.updatedAt) })),
    user_has_approved: false,
    user_can_approve: true,
  }
}

function create(call: Call) {
  const project = projectFor(call, 'developer')
  const sourceBranch = requiredText(call, 'source_branch')
  const targetBranch = requiredText(call, 'target_branch')
  const title = requiredText(call, 'title')
  const other = project.mergeRequests.find(
    (mergeRequest) =>
      mergeRequest.state === 'opened' && mergeRequest.sourceBranch === sourceBranch && mergeRequest.targetBranch === targetBranch,
  )
  if (other) throw new Refusal(409, { message: [`Another open merge request already exists for this source branch: !${other.iid}`] })
  if (sourceBranch === targetBranch) throw new Refusal(400, { message: ["You can't use same project/branch for source and target"] })
  if (!project.repository.branches.has(sourceBranch)) throw new Refusal(400, { message: { source_branch: ['does not exist'] } })
  const made = call.world.addMergeRequest(project, call.user, {
    sourceBranch,
    targetBranch,
    title,
    removeSourceBranch: flag(call, 'remove_source_branch'),
  })
  change(call, made)
  return created(presentWholeMergeRequest(made, canMerge(call, made)))
}

function update(call: Call) {
  const mergeRequest = mergeRequestOf(call, projectFor(call, 'developer'))
  const title = text(call, 'title')
  if (title === '') throw new Refusal(400, { message: { title: ["can't be blank"] } })
  mergeRequest.title = title ?? mergeRequest.title
  mergeRequest.targetBranch = text(call, 'target_branch') ?? mergeRequest.targetBranch
  mergeRequest.removeSourceBranch = flag(call, 'remove_source_branch') ?? mergeRequest.removeSourceBranch
  const event = oneOf(call, 'state_event', ['close', 'reopen'])
  if (event === 'close' && mergeRequest.state === 'opened') mergeRequest.state = 'closed'
  if (event === 'reopen' && mergeRequest.state === 'closed') mergeRequest.state = 'opened'
  change(call, mergeRequest)
  return shown(call, mergeRequest)
}

function change(call: Call, mergeRequest: MergeRequest): void {
  mergeRequest.description = text(call, 'description') ?? mergeRequest.description
  mergeRequest.squash = flag(call, 'squash') ?? mergeRequest.squash
  const reviewers = words(call, 'reviewer_ids')
  if (reviewers) mergeRequest.reviewers = usersOf(call, reviewers)
  const assignees = words(call, 'assignee_ids')
  if (assignees) mergeRequest.assignees = usersOf(call, assignees)
  mergeRequest.labels = labelsAfter(call, mergeRequest.labels)
  mergeRequest.updatedAt = call.world.now()
}

export function labelsAfter(call: Call, before: readonly string[]): string[] {
  const kept = words(call, 'labels') ?? before
  const removed = words(call, 'remove_labels') ?? []
  return [...new Set([...kept, ...(words(call, 'add_labels') ?? [])])].filter((label) => !removed.includes(label))
}

function approve(call: Call) {
  const mergeRequest = mergeRequestOf(call, projectOf(call))
  checkHead(call, mergeRequest)
  const access = call.world.accessTo(mergeRequest.project, call.user) ?? 0
  // GitLab answers 401 to a person who may not approve. It is no word on the token.
  if (access < ACCESS.developer || mergeRequest.author === call.user || mergeRequest.approvedBy.includes(call.user)) throw unauthorized()
  mergeRequest.approvedBy.push(call.user)
  return created(presentApprovals(mergeRequest))
}

function checkHead(call: Call, mergeRequest: MergeRequest): void {
  const sha = text(call, 'sha')
  const head = headOf(mergeRequest)?.id
  if (sha !== undefined && sha !== head) throw new Refusal(409, { message: `SHA does not match HEAD of source branch: ${head}` })
}

function merge(call: Call) {
  numberParam(call, 'iid')
  const mergeRequest = mergeRequestOf(call, projectOf(call))
  // As for an approval: 401 of a person who may not merge.
  if (!canMerge(call, mergeRequest)) throw unauthorized()
  if (mergeRequest.hasConflicts) throw new Refusal(422, { message: 'Branch cannot be merged' })
  checkHead(call, mergeRequest)
  const running = mergeRequest.project.pipelines.some(({ ref, status }) => ref === mergeRequest.sourceBranch && status === 'running')
  if ((flag(call, 'auto_merge') ?? flag(call, 'merge_when_pipeline_succeeds')) === true && running) {
    mergeRequest.autoMerge = true
    return shown(call, mergeRequest)
  }
  if (mergeStatus(mergeRequest) !== 'mergeable' || running) throw new Refusal(405, { message: '405 Method Not Allowed' })
  mergeRequest.state = 'merged'
  mergeRequest.mergeCommit = headOf(mergeRequest)?.id
  mergeRequest.updatedAt = call.world.now()
  const target = mergeRequest.project.repository.branches.get(mergeRequest.targetBranch)
  if (target && mergeRequest.mergeCommit !== undefined) target.head = mergeRequest.mergeCommit
  const removes = flag(call, 'should_remove_source_branch') ?? mergeRequest.removeSourceBranch
  if (removes) mergeRequest.project.repository.branches.delete(mergeRequest.sourceBranch)
  return shown(call, mergeRequest)
}
