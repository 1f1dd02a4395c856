import { z } from 'zod'
import type { VaultAuth } from './settings.ts'

/** What a log-in sends: `POST /v1/<path>`. */
export interface VaultLogIn {
  path: string
  body: Record<string, string>
}

/** The request with which a method logs in. `credential`: the secret id, or the JWT; none for an AppRole without. */
export function logInRequest(auth: Exclude<VaultAuth, { method: 'token' }>, credential: string | undefined): VaultLogIn {
  const path = `auth/${encodePath(auth.mount)}/login`
  switch (auth.method) {
    case 'approle':
      return { path, body: { role_id: auth.roleId, ...(credential !== undefined && { secret_id: credential }) } }
    case 'kubernetes':
    case 'jwt':
      return { path, body: { ...(auth.role !== undefined && { role: auth.role }), jwt: credential ?? '' } }
  }
}

/** Of the token that a request carries: how long it lives, and its renewal. */
export const LOOKUP_PATH = 'auth/token/lookup-self'
export const RENEW_PATH = 'auth/token/renew-self'

/** The answer to a log-in and to a renewal. */
export const TokenAnswer = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    /** In seconds. 0: it never expires. */
    lease_duration: z.number().min(0),
    renewable: z.boolean(),
  }),
})

/** The answer to a look-up. */
export const LookupAnswer = z.object({
  data: z.object({
    /** In seconds. 0: it never expires. */
    ttl: z.number().min(0),
    renewable: z.boolean().default(false),
  }),
})

/** When to renew a token, in milliseconds from now: after 60 to 75 % of its time, so that planes come one by one. */
export const renewAfterMs = (leaseS: number, random: () => number = Math.random): number => leaseS * 1000 * (0.6 + 0.15 * random())

/** A path in an address: each part is encoded, the slashes between stay. */
export const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
