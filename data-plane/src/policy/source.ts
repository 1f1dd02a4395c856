import type { Policy } from '@bir/sdk/contract/policy'

export interface PolicySource {
  /** Throws `unavailable` while there is none. */
  current(): Policy
  /** Milliseconds since 1970 of the newest signed word from the control plane. */
  freshAtMs(): number
  /** Calls back after every change of policy, until the returned function is called. */
  onChange(changed: () => void): () => void
  /** Waits for a revision, once per revision and at most a second; true when it is held. */
  waitForRevision(revision: number): Promise<boolean>
}
