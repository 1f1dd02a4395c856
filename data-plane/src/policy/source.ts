import type { GatewayError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'

export interface PolicySource {
  /** The policy in force. Throws `unavailable` before the first one. */
  current(): Policy
  /** The same; undefined before the first one. */
  readonly held: Policy | undefined
  /**
   * Why this plane serves nobody, whatever the policy says; undefined while it serves. `onChange` tells of it too.
   */
  refusal(): GatewayError | undefined
  /** The time of the newest signed statement from the control plane, in milliseconds since 1970. */
  freshAtMs(): number
  /** No control plane answers now, or none that can renew a token. */
  isAway(): boolean
  /** Calls the listener after every change of policy, until the returned function is called. */
  onChange(listener: () => void): () => void
  /** Waits up to a second for a revision; true when it is in force. Calls for one revision share the wait. */
  waitForRevision(revision: number): Promise<boolean>
}
