import { presentUser } from '../world/people.ts'
import type { Issue, MergeRequest, Noteable, Pipeline } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'
import { presentMilestone } from './milestone.ts'
import { changesOf, headOf } from './merge-request-changes.ts'

function presentNoteable(item: Noteable, kind: 'merge_requests' | 'issues') {
  const mark = kind === 'issues' ? '#' : '!'
  return {
    id: item.id,
    iid: item.iid,
    project_id: item.project.id,
    title: item.title,
    description: item.description,
    state: item.state,
    created_at: timestamp(item.createdAt),
    updated_at: timestamp(item.updatedAt),
    closed_at: timestamp(item.closedAt),
    labels: item.labels,
    milestone: item.milestone ? presentMilestone(item.milestone, item.project) : null,
    assignees: item.assignees.map(presentUser),
    assignee: item.assignees[0] ? presentUser(item.assignees[0]) : null,
    author: presentUser(item.author),
    user_notes_count: item.discussions.flatMap(({ notes }) => notes).filter(({ system }) => !system).length,
    upvotes: 0,
    downvotes: 0,
    web_url: `https://gitlab.example/${item.project.path}/-/${kind}/${item.iid}`,
    references: { short: `${mark}${item.iid}`, relative: `${mark}${item.iid}`, full: `${item.project.path}${mark}${item.iid}` },
    time_stats: { time_estimate: 0, total_time_spent: 0, human_time_estimate: null, human_total_time_spent: null },
    task_completion_status: { count: 0, completed_count: 0 },
  }
}

export const presentIssue = (issue: Issue) => ({
  ...presentNoteable(issue, 'issues'),
  confidential: issue.confidential,
  due_date: issue.dueDate ?? null,
  weight: issue.weight ?? null,
  issue_type: issue.type.toLowerCase(),
  type: issue.type,
  discussion_locked: null,
  has_tasks: false,
})

/** As in lists. */
export function presentMergeRequest(mergeRequest: MergeRequest) {
  const isDraft = mergeRequest.title.startsWith('Draft:')
  return {
    ...presentNoteable(mergeRequest, 'merge_requests'),
    source_branch: mergeRequest.sourceBranch,
    target_branch: mergeRequest.targetBranch,
    source_project_id: mergeRequest.project.id,
    target_project_id: mergeRequest.project.id,
    draft: isDraft,
    work_in_progress: isDraft,
    reviewers: mergeRequest.reviewers.map(presentUser),
    merge_when_pipeline_succeeds: mergeRequest.autoMerge,
    merge_status: mergeRequest.hasConflicts ? 'cannot_be_merged' : 'can_be_merged',
    detailed_merge_status: mergeStatus(mergeRequest, isDraft),
    sha: headOf(mergeRequest)?.id ?? null,
    merge_commit_sha: mergeRequest.mergeCommit ?? null,
    squash: mergeRequest.squash,
    force_remove_source_branch: mergeRequest.removeSourceBranch,
    should_remove_source_branch: null,
    has_conflicts: mergeRequest.hasConflicts,
    blocking_discussions_resolved: unresolved(mergeRequest) === 0,
    merged_at: mergeRequest.state === 'merged' ? timestamp(mergeRequest.updatedAt) : null,
  }
}

export function mergeStatus(mergeRequest: MergeRequest, isDraft = mergeRequest.title.startsWith('Draft:')): string {
  if (mergeRequest.state !== 'opened') return 'not_open'
  if (isDraft) return 'draft_status'
  if (mergeRequest.hasConflicts) return 'conflict'
  if (mergeRequest.approvedBy.length < mergeRequest.approvalsRequired) return 'not_approved'
  return 'mergeable'
}

const unresolved = ({ discussions }: MergeRequest): number =>
  discussions.filter(({ notes }) => notes.some(({ resolvable, resolved }) => resolvable && !resolved)).length

/** As one of them is shown alone. */
export function presentWholeMergeRequest(mergeRequest: MergeRequest, canMerge: boolean) {
  const pipeline = mergeRequest.project.pipelines.findLast(
    ({ ref, sha }) => ref === mergeRequest.sourceBranch || sha === headOf(mergeRequest)?.id,
  )
  const { base, head } = changesOf(mergeRequest)
  return {
    ...presentMergeRequest(mergeRequest),
    changes_count: mergeRequest.changesCount ?? String(changesOf(mergeRequest).diffs.length),
    user: { can_merge: canMerge },
    head_pipeline: pipeline ? presentPipeline(pipeline) : null,
    diff_refs: { base_sha: base?.id ?? null, head_sha: head?.id ?? null, start_sha: base?.id ?? null },
    diverged_commits_count: 0,
    subscribed: false,
    first_contribution: false,
    merge_error: null,
  }
}

export const presentPipeline = (pipeline: Pipeline) => ({
  id: pipeline.id,
  iid: pipeline.iid,
  project_id: pipeline.project.id,
  sha: pipeline.sha,
  ref: pipeline.ref,
  status: pipeline.status,
  source: pipeline.source,
  created_at: timestamp(pipeline.createdAt),
  updated_at: timestamp(pipeline.updatedAt),
  web_url: `https://gitlab.example/${pipeline.project.path}/-/pipelines/${pipeline.id}`,
})
