import type { FileDiff } from './file-diff.ts'
import type { Access, User } from './people.ts'
import type { Repository } from './repository.ts'

export interface Note {
  readonly id: number
  body: string
  readonly author: User
  readonly createdAt: Date
  readonly system: boolean
  readonly resolvable: boolean
  resolved: boolean
  resolvedBy: User | undefined
  /** Where in the diff it is. */
  readonly position: object | undefined
}

export interface Discussion {
  readonly id: string
  /** One comment without a thread. */
  readonly individual: boolean
  readonly notes: Note[]
}

/** What merge requests and issues have in common. */
export interface Noteable {
  readonly id: number
  readonly iid: number
  readonly project: Project
  title: string
  description: string
  state: 'opened' | 'closed' | 'locked' | 'merged'
  readonly author: User
  assignees: User[]
  labels: string[]
  milestone: Milestone | undefined
  readonly createdAt: Date
  updatedAt: Date
  closedAt: Date | undefined
  readonly discussions: Discussion[]
}

export interface Milestone {
  readonly id: number
  readonly iid: number
  readonly title: string
  state: 'active' | 'closed'
  dueDate: string | undefined
  readonly createdAt: Date
}

export interface MergeRequest extends Noteable {
  readonly sourceBranch: string
  targetBranch: string
  reviewers: User[]
  squash: boolean
  removeSourceBranch: boolean
  hasConflicts: boolean
  autoMerge: boolean
  approvedBy: User[]
  approvalsRequired: number
  mergeCommit: string | undefined
  /** In place of what the branches say: for changes too large to make. */
  diffs: FileDiff[] | undefined
  /** As GitLab says it, such as `1000+`. */
  changesCount: string | undefined
}

export interface Issue extends Noteable {
  confidential: boolean
  dueDate: string | undefined
  weight: number | undefined
  type: string
}

export type JobStatus = 'created' | 'pending' | 'running' | 'success' | 'failed' | 'canceled' | 'skipped' | 'manual'

export interface Job {
  readonly id: number
  readonly name: string
  readonly stage: string
  status: JobStatus
  readonly allowFailure: boolean
  failureReason: string | undefined
  readonly createdAt: Date
  trace: string
}

interface FailedTest {
  readonly suite: string
  readonly name: string
  readonly output: string
}

export interface Pipeline {
  readonly id: number
  readonly iid: number
  readonly project: Project
  readonly ref: string
  readonly sha: string
  readonly source: string
  status: JobStatus
  readonly user: User
  readonly createdAt: Date
  updatedAt: Date
  readonly jobs: Job[]
  readonly bridges: {
    readonly id: number
    readonly name: string
    readonly stage: string
    readonly status: JobStatus
    readonly downstream?: Pipeline
  }[]
  readonly failedTests: FailedTest[]
  readonly mergeRequest: MergeRequest | undefined
  readonly variables: readonly object[]
}

export interface Project {
  readonly id: number
  /** With its groups, such as `shop/web`. */
  readonly path: string
  readonly name: string
  description: string
  visibility: 'private' | 'internal' | 'public'
  archived: boolean
  defaultBranch: string
  topics: string[]
  readonly createdAt: Date
  lastActivityAt: Date
  readonly members: Map<number, Access>
  readonly repository: Repository
  mergeRequests: MergeRequest[]
  issues: Issue[]
  pipelines: Pipeline[]
  milestones: Milestone[]
  readonly languages: Record<string, number>
  /** What GitLab shows maintainers, and what must never reach a model. */
  readonly runnersToken: string
  readonly importUrl: string
}
