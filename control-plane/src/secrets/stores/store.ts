import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'

/** A secret as its store has it. */
export interface StoredSecret {
  readonly fields: SecretFields
  /** What the store calls this value, for `write`. */
  readonly storeVersion: string
}

/**
 * Where the values of secrets lie. Every operation throws `StoreFault` when the store does not do it. Nothing but
 * `read` gives a value away, and no error, log or fact of an implementation may hold one.
 */
export interface SecretStore {
  readonly kind: 'embedded' | 'vault' | 'consul'
  /** Undefined: there is none. */
  read(place: SecretPlace): Promise<StoredSecret | undefined>
  /**
   * Writes all fields, if the store still has `expected`: the `storeVersion` that was read last, or null for none.
   * Resolves with the new one. Throws `conflict` when somebody else wrote meanwhile.
   */
  write(place: SecretPlace, fields: SecretFields, expected: string | null): Promise<string>
  /**
   * Destroys it with all its versions. Nothing where there is none. `unreadable`: also where it lies in a document that
   * cannot be read, with all else that is in it.
   */
  delete(place: SecretPlace, options?: { unreadable?: boolean }): Promise<void>
  /** Destroys the one document of a holder, if it cannot be read. Absent where each secret lies by itself. */
  deleteUnreadable?(holder: SecretPlace['holder']): Promise<void>
  /** Whether the store can be used now. Throws `StoreFault` if not. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Why a store does not do what it was asked.
 *
 * - unreachable: no answer, or none in time. tls: its certificate is not trusted.
 * - sealed: it must be unsealed (or, with standby, its active node is away).
 * - rate_limited: it wants fewer requests.
 * - permission_denied: our identity may not. signed_out: our identity is not good there any more.
 * - wrong_mount: nothing is mounted at the path, or no KV store.
 * - kv_version: not the version of KV that was found before.
 * - malformed: what lies there is no secret of ours, such as half-written YAML. service_error: any other answer.
 * - conflict: somebody else wrote the secret meanwhile.
 */
export type StoreFaultKind =
  | 'unreachable'
  | 'tls'
  | 'sealed'
  | 'rate_limited'
  | 'permission_denied'
  | 'signed_out'
  | 'wrong_mount'
  | 'kv_version'
  | 'malformed'
  | 'service_error'
  | 'conflict'

interface StoreFaultOptions {
  retryable?: boolean
  cause?: unknown
  unreadable?: StoreFault['unreadable']
}

/** The store did not do it. `message` is for administrators: what is wrong, and what to do. It holds no secret. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  readonly kind: StoreFaultKind
  /** True when the same may succeed later. */
  readonly retryable: boolean
  /**
   * Set when the store answers, and what lies there cannot be read. `storeVersion`: with it a secret may be written
   * over it; undefined where others lie in the same document.
   */
  readonly unreadable: { storeVersion: string | undefined } | undefined

  constructor(kind: StoreFaultKind, message: string, { retryable = false, cause, unreadable }: StoreFaultOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.retryable = retryable
    this.unreadable = unreadable
  }
}

/** Whether the store answered, and what lies there cannot be read: then nothing is wrong with the store. */
export const isUnreadable = (error: unknown): error is StoreFault & { unreadable: NonNullable<StoreFault['unreadable']> } =>
  error instanceof StoreFault && error.unreadable !== undefined
