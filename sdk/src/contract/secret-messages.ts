import { z } from 'zod'
import { Id, ServerId } from './names.ts'
import { SecretHolder } from './secret-holder.ts'
import { SecretVerdict } from './secret-verdict.ts'

/* What data planes and the control plane say to each other about secrets. A value travels in a sealed box alone. */

/**
 * `POST /internal/v1/secrets/read`: the plane needs a secret for a call. Answers 404 `no_secret` when there is none in
 * this version, 409 `secret_unreadable` when what lies there cannot be read, and 503 `store_unavailable` when the store
 * does not answer.
 */
export const SecretReadRequest = z.object({ server: ServerId, holder: SecretHolder, version: z.int().positive() })
export type SecretReadRequest = z.infer<typeof SecretReadRequest>

/** The answer: a box (`@bir/sdk/seal-box`) for this plane alone, which holds a `SealedSecret` as JSON. */
export const SecretReadAnswer = z.looseObject({ box: z.string() })
export type SecretReadAnswer = z.infer<typeof SecretReadAnswer>

/**
 * `POST /internal/v1/secrets/missing`, with a `SecretReadRequest`: the plane found no value in the store. The control
 * plane looks there itself. `gone`: the store has none for the secret in this version, and the policy will say so. If
 * not, the secret has another version by now, or the store has its value: the plane asks again soon. Answers 503
 * `store_unavailable` when the store does not answer.
 */
export const SecretMissingAnswer = z.looseObject({ gone: z.boolean() })
export type SecretMissingAnswer = z.infer<typeof SecretMissingAnswer>

/** It names what it is for: a box that was given for another secret is refused. */
export const SealedSecret = z.object({
  server: ServerId,
  holder: SecretHolder,
  version: z.int().positive(),
  fields: z.record(z.string(), z.string()),
})
export type SealedSecret = z.infer<typeof SealedSecret>

/** `POST /internal/v1/secrets/verdict`: a plane tried a secret after the service refused it in a call. Answers 204. */
export const SecretVerdictReport = z.object({
  server: ServerId,
  holder: SecretHolder,
  version: z.int().positive(),
  verdict: SecretVerdict,
})
export type SecretVerdictReport = z.infer<typeof SecretVerdictReport>

/**
 * `GET /internal/v1/secrets/checks?wait=25`: secrets to try, which the control plane cannot: it does not reach the
 * service. Each is a box for this plane alone, which holds a `CheckOrder` as JSON. The plane answers each by
 * `POST /internal/v1/secrets/checks/{id}` with a `SecretVerdict`.
 */
export const CheckOrders = z.looseObject({ checks: z.array(z.object({ id: Id, box: z.string() })) })
export type CheckOrders = z.infer<typeof CheckOrders>

export const CheckOrder = z.object({
  id: Id,
  server: ServerId,
  /** The settings of the server, for which the secret is meant. */
  settings: z.record(z.string(), z.unknown()),
  fields: z.record(z.string(), z.string()),
})
export type CheckOrder = z.infer<typeof CheckOrder>
