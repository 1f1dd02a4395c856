import { z } from 'zod'

/**
 * The state of a stored secret.
 *
 * - ok: the service took it at the last check. expiring: the same, and it expires within 30 days.
 * - unchecked: an administrator allowed to save it without a check.
 * - expired, invalid, insufficient_scope, wrong_person: what the last check said.
 * - moved: the server is at another address since. The secret was proven for the old one, and is sent nowhere.
 */
export const SECRET_STATES = ['ok', 'expiring', 'unchecked', 'expired', 'invalid', 'insufficient_scope', 'wrong_person', 'moved'] as const
export const SecretState = z.enum(SECRET_STATES)
export type SecretState = z.infer<typeof SecretState>

/** The states in which a secret is used. */
export const isUsable = (state: SecretState): boolean => state === 'ok' || state === 'expiring' || state === 'unchecked'

/** So long before its end a secret is `expiring`. */
export const EXPIRING_MS = 30 * 24 * 60 * 60 * 1000
