import { z } from 'zod'
import { Level } from './level.ts'
import { Handle, Id, ServerId } from './names.ts'
import { SecretHolderKind } from './secret-holder.ts'
import { SECRET_STATES } from './secret-state.ts'
import { SecretOwner, VerdictWord, VERDICTS } from './secret-verdict.ts'

const Instant = z.iso.datetime({ offset: true })

/** The state of a secret in lists. missing: the person may use the server, needs a secret for it, and has none. */
export const ListedSecretState = z.enum([...SECRET_STATES, 'missing'])
export type ListedSecretState = z.infer<typeof ListedSecretState>

/** Whose a secret is, as people name it. `handle` is null for one that all who may use the server share. */
export const SecretHolderName = z.strictObject({ kind: SecretHolderKind, handle: Handle.nullable() })
export type SecretHolderName = z.infer<typeof SecretHolderName>

/**
 * What is known of a secret. Never a value: those are shown nowhere. Of a secret that is not their own, others than
 * administrators see holder, server, fields, state and level; the rest is null.
 */
export const Secret = z.strictObject({
  /** Null where the secret is missing. */
  id: Id.nullable(),
  server: ServerId,
  holder: SecretHolderName,
  /** The names of its fields. Where it is missing, those that are needed. */
  fields: z.array(z.string()),
  state: ListedSecretState,
  /** Whose it is at the service, as the service said. */
  owner: SecretOwner.nullable(),
  scopes: z.array(z.string()).nullable(),
  /** The highest level of tools that it covers. Null: every level, or unknown. */
  level: Level.nullable(),
  expiresAt: Instant.nullable(),
  savedAt: Instant.nullable(),
  savedBy: z.string().nullable(),
  checkedAt: Instant.nullable(),
  /** The store that it lies in: embedded, vault or consul. */
  store: z.string().nullable(),
  /** True when it was saved although nobody could check it. */
  unchecked: z.boolean(),
})
export type Secret = z.infer<typeof Secret>

/** A verdict, or `unchecked` where there is nothing to try the secret against. */
export const SecretResultVerdict = z.enum([...VERDICTS, 'unchecked'])

/** What became of a secret that somebody gave or had checked. A verdict that is not `ok` is a normal answer. */
export const SecretResult = z.strictObject({
  /** True when the secret lies in the store now. A good one may still be refused: for its scopes, by policy. */
  saved: z.boolean(),
  verdict: SecretResultVerdict,
  /** One or two sentences for the person: what is wrong, whose fault it is, what to do next. */
  says: z.string(),
  owner: SecretOwner.optional(),
  scopes: z.array(z.string()).optional(),
  level: Level.optional(),
  expiresAt: Instant.optional(),
  /** The scopes that are missing. */
  missing: z.array(z.string()).optional(),
  /** Such as scopes that no tool of the server needs. */
  warnings: z.array(z.string()).optional(),
  /** With `rate_limited`: when to try again, in whole seconds. */
  retryAfterS: z.int().optional(),
  /** The state of the stored secret now. Absent where none is stored. */
  state: ListedSecretState.optional(),
  /** The published revision that holds the change. Absent where nothing changed. */
  revision: z.int().optional(),
})
export type SecretResult = z.infer<typeof SecretResult>

/** What happened to a secret. saved, refused, checked, deleted, imported, moved. */
export const SecretAct = z.enum(['saved', 'refused', 'checked', 'deleted', 'imported', 'moved'])
export type SecretAct = z.infer<typeof SecretAct>

export const SecretEvent = z.strictObject({
  id: Id,
  at: Instant,
  /** Who did it: a handle, or a name such as `plane:plane-1` or `gateway`. */
  by: z.string(),
  act: SecretAct,
  server: ServerId,
  holder: SecretHolderName,
  /** The version of the value. Null where none was saved. */
  version: z.int().nullable(),
  state: ListedSecretState.nullable(),
  verdict: VerdictWord.nullable(),
  /** What the service said then. */
  says: z.string().nullable(),
})
export type SecretEvent = z.infer<typeof SecretEvent>
