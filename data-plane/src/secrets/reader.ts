import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'

/** Reads secrets from where they lie: a store of this plane's own, or the control plane. */
export interface SecretReader {
  /**
   * The values by field. Undefined when there is none, or none in this version. Throws `StoreUnavailable` when nobody
   * can say, and `ToolError` `secret_invalid` when what lies there cannot be read. A reader
   * keeps nothing: that is for `SecretLeases`.
   */
  read(place: SecretPlace, version: number): Promise<SecretFields | undefined>
  close(): Promise<void>
}

/** The store did not answer. `message` is for the log and for health; it holds no secret. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** What lies in the store for a secret cannot be read: whoever gives it again mends that. */
export const unreadable = (): ToolError =>
  new ToolError('secret_invalid', 'What lies in the store for this secret cannot be read.', {
    hint: 'Give it again; if that is refused, tell an administrator.',
  })
