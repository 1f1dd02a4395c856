import type { Level } from '@bir/sdk/contract/level'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'

/** One field of a secret, as the person who gives it sees it. */
export interface SecretFieldSpec {
  /** In plain words, such as `Personal access token`. */
  readonly title: string
  /** A sentence: where to get it. */
  readonly help?: string
  /** The value has lines, as PEM has (RFC 7468). */
  readonly lines?: true
  /** The secret may do without it. */
  readonly optional?: true
}

/** The values of a secret. A field that its declaration calls optional may be absent. */
export type FieldsOf<Field extends string> = SecretFields & Readonly<Record<Field, string>>

/** How a secret is tried against the real service. */
export interface ProveOptions {
  /** Aborted when the check takes too long. */
  readonly signal: AbortSignal
  /** Resolves a reference of the settings that is no person's, such as the key of a client certificate. */
  readSecret(ref: { secret: string }): Promise<string>
  /** The scopes of levels above this one count as too much. */
  readonly highestLevel?: Level
}

/** The secret that a server needs of every person who uses it. */
export interface SecretSpec<Settings, Field extends string> {
  readonly fields: Readonly<Record<Field, SecretFieldSpec>>
  /** The scopes of the service that each level needs. */
  readonly scopes?: Partial<Record<Level, readonly string[]>>
  /** The page of the service on which a person makes one. */
  createAt?(settings: Settings): string
  /** Who is shown it, and nobody else: `httpAudience` for a service over HTTP. */
  audience(settings: Settings): string
  /** Whether `prove` can try a secret with fields of these names. Absent: it can when it has all fields it needs. */
  canProve?(settings: Settings, names: readonly string[]): boolean
  /**
   * Tries it against the real service, and asks whose it is. Never throws for what the service says: that is the
   * verdict. Says `unreachable` where the service does not answer.
   */
  prove(settings: Settings, fields: FieldsOf<Field>, options: ProveOptions): Promise<SecretVerdict>
}

/** The secret of a mounted server as those see it who do not know its types. `settings` are parsed inside. */
export interface MountedSecret {
  readonly fields: Readonly<Record<string, SecretFieldSpec>>
  readonly scopes: Partial<Record<Level, readonly string[]>>
  createAt(settings: object): string | undefined
  audience(settings: object): string
  canProve?(settings: object, names: readonly string[]): boolean
  prove(settings: object, fields: SecretFields, options: ProveOptions): Promise<SecretVerdict>
}
