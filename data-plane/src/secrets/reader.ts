import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'

/** Reads secrets from where they lie: a store of this plane's own, or the control plane. */
export interface SecretReader {
  /**
   * The values by field. Undefined when there is none, or none in this version. Throws `StoreUnavailable` when nobody
   * can say. A reader keeps nothing: that is for `SecretLeases`.
   */
  read(place: SecretPlace, version: number): Promise<SecretFields | undefined>
  close(): Promise<void>
}

/** The store did not answer. `message` is for the log and for health; it holds no secret. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}
