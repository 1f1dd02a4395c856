import { z } from 'zod'
import { Level } from './level.ts'

/**
 * What the real service said of a secret.
 *
 * - ok: it is good. Only such a secret is saved.
 * - invalid: the service does not know it, or it was revoked.
 * - expired: it was good once.
 * - insufficient_scope: it is good, and may not even read; `missing` names what it lacks.
 * - wrong_kind: it looks like a secret of another system, or of another field, which `says` names.
 * - wrong_person: it belongs to somebody else, and the policy wants one's own.
 * - unreachable, service_error, rate_limited: nobody can say. It was not checked; try again.
 */
export const VERDICTS = [
  'ok',
  'invalid',
  'expired',
  'insufficient_scope',
  'wrong_kind',
  'wrong_person',
  'unreachable',
  'service_error',
  'rate_limited',
] as const
export const VerdictWord = z.enum(VERDICTS)
export type VerdictWord = z.infer<typeof VerdictWord>

/** Whether the service judged the secret. If not, what is known of it stays as it was. */
export const isJudged = (verdict: VerdictWord): boolean =>
  verdict !== 'unreachable' && verdict !== 'service_error' && verdict !== 'rate_limited'

/** Whose a secret is, as the service says. */
export const SecretOwner = z.object({
  /** The name by which the owner signs in at the service. */
  login: z.string().max(255),
  name: z.string().max(255).optional(),
  email: z.string().max(320).optional(),
})
export type SecretOwner = z.infer<typeof SecretOwner>

/** The result of trying a secret against the real service. It holds nothing of the secret. */
export const SecretVerdict = z.object({
  verdict: VerdictWord,
  /** One or two sentences for the person: what is wrong, whose fault it is, what to do next. */
  says: z.string().max(1000),
  /** Of a good secret. */
  owner: SecretOwner.optional(),
  /** The scopes that the service names. Absent where it has none. */
  scopes: z.array(z.string().max(200)).max(200).optional(),
  /** The highest level of tools that the secret covers. Absent where the service cannot say: then every level. */
  level: Level.optional(),
  /** Milliseconds since 1970. Absent where it never expires, or the service does not say. */
  expiresAtMs: z.int().optional(),
  /** Scopes that are missing, with `insufficient_scope`. */
  missing: z.array(z.string().max(200)).max(50).optional(),
  /** Scopes that no tool of the server needs. */
  excess: z.array(z.string().max(200)).max(200).optional(),
  /** With `rate_limited`: when to try again, in whole seconds. */
  retryAfterS: z.int().min(0).optional(),
})
export type SecretVerdict = z.infer<typeof SecretVerdict>
