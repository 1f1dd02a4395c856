import type { FileDiff } from '../world/file-diff.ts'
import type { MergeRequest } from '../world/project.ts'
import type { Commit } from '../world/repository.ts'

export interface Changes {
  readonly base: Commit | undefined
  readonly head: Commit | undefined
  readonly diffs: readonly FileDiff[]
  /** Newest first. */
  readonly commits: readonly Commit[]
}

export const headOf = ({ project, sourceBranch }: MergeRequest): Commit | undefined => project.repository.resolve(sourceBranch)

/** What a merge request changes: from where its branches parted to the head of its source. */
export function changesOf(mergeRequest: MergeRequest): Changes {
  const { repository } = mergeRequest.project
  const head = headOf(mergeRequest)
  const target = repository.resolve(mergeRequest.targetBranch)
  const base = head && target && repository.mergeBase(target, head)
  const log = head ? repository.log(head) : []
  const end = base ? log.findIndex(({ id }) => id === base.id) : log.length
  return { base, head, diffs: mergeRequest.diffs ?? (head ? repository.diff(base, head) : []), commits: log.slice(0, end) }
}
