/** Whose mistake it is. `you`: of the person, or of who sent the token. */
type Whose = 'you' | 'provider' | 'administrator' | 'gateway'

/** A fixed word for each fault, for programs and the audit. */
export type ProviderFaultReason =
  | 'provider-unknown'
  | 'provider-unreachable'
  | 'provider-slow'
  | 'provider-failing'
  | 'provider-invalid'
  | 'provider-certificate'
  | 'provider-misconfigured'
  | 'client-refused'
  | 'sign-in-denied'
  | 'sign-in-expired'
  | 'sign-in-mismatch'
  | 'token-refused'
  | 'clock-off'
  | 'claims-refused'
  | 'handle-taken'

interface Facts {
  reason: ProviderFaultReason
  whose: Whose
  /** What happened, in a sentence. */
  what: string
  /** What to do, in a sentence. */
  next: string
  /** For the log alone: what the provider said, such as an error code of its own. */
  detail?: string | undefined
  /** The handle that the person would have, where it is the trouble. */
  handle?: string | undefined
  /** By how much two clocks differ, where it is known. */
  clockOffMs?: number | undefined
  /** The administrators shut this person out by a rule, with a sentence of their own or without. */
  shutOut?: { sentence: string | undefined } | undefined
}

/** A sign-in, or a token of a provider, that comes to nothing. Its sentences are for people and hold no secret. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault'
  readonly reason: ProviderFaultReason
  readonly whose: Whose
  readonly what: string
  readonly next: string
  readonly detail: string | undefined
  readonly handle: string | undefined
  readonly clockOffMs: number | undefined
  readonly shutOut: { sentence: string | undefined } | undefined
  /** How people know the provider, once it is known which one it is. */
  provider: string | undefined

  constructor({ reason, whose, what, next, detail, handle, clockOffMs, shutOut }: Facts, options?: { cause?: unknown }) {
    super(`${what} ${next}`.trim(), options)
    this.reason = reason
    this.whose = whose
    this.what = what
    this.next = next
    this.detail = detail
    this.handle = handle
    this.clockOffMs = clockOffMs
    this.shutOut = shutOut
  }
}
