import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import { z } from 'zod'
import { isStorable } from '../base/plain-input.ts'
import { errorText } from '../base/log.ts'
import { oauthError } from '../base/errors/oauth-error.ts'

export interface ProviderParts {
  /** Undefined = there is no identity provider, so nobody can exchange its tokens. */
  idpIssuer?: string | undefined
  idpAudience: string
}

/** PostgreSQL stores no U+0000, and would take two different halves of a character for the same: nobody may be both. */
const text = z.string().refine(isStorable)
const texts = z.array(z.string()).transform((all) => all.filter(isStorable))

const Claims = z.looseObject({
  sub: text.min(1).max(255),
  preferred_username: text.optional().catch(undefined),
  name: text.max(200).optional().catch(undefined),
  email: z.email().optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
  // A name that cannot be stored is that of no group here. The others count, so that who left one leaves it.
  groups: texts.optional().catch(undefined),
  roles: texts.optional().catch(undefined),
  azp: z.string().optional(),
  client_id: z.string().optional(),
})
export type ProviderClaims = z.infer<typeof Claims>

/** Verifies tokens of the company's identity provider. The provider may start after us, and may be down at times. */
export interface Provider {
  verify: (token: string) => Promise<ProviderClaims>
}

const signatureAlgorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const skewSeconds = 30

export function createProvider({ idpIssuer, idpAudience }: ProviderParts): Provider {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined

  return {
    async verify(token) {
      if (idpIssuer === undefined) throw oauthError('invalid_request', 'No identity provider is set up.')
      const expected = {
        issuer: idpIssuer,
        audience: idpAudience,
        algorithms: signatureAlgorithms,
        clockTolerance: skewSeconds,
        requiredClaims: ['exp', 'sub'],
      }
      keys ??= await discover(idpIssuer)
      const { payload } = await jwtVerify(token, keys, expected).catch((error: unknown) => {
        throw toRefusal(error)
      })
      return claimsOf(payload, idpAudience)
    },
  }
}

const Discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })

async function discover(issuer: string) {
  try {
    const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`
    const response = await fetch(address, { signal: AbortSignal.timeout(5_000), redirect: 'error' })
    const document = Discovery.parse(await response.json())
    if (document.issuer !== issuer) throw new Error('the document is of another issuer')
    // Whoever is on the way to the keys could put their own in place, and sign in as anybody.
    if (isEncrypted(issuer) && !isEncrypted(document.jwks_uri)) throw new Error('the keys are at an address without TLS')
    return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: 5_000, cooldownDuration: 1_000 })
  } catch {
    throw unavailable()
  }
}

const isEncrypted = (address: string) => new URL(address).protocol === 'https:'

const unavailable = () => oauthError('temporarily_unavailable', 'The identity provider does not answer. Try again later.')

/** Refuses the token if it is invalid. Reports the provider as unavailable if its keys cannot be fetched. */
function toRefusal(error: unknown) {
  const isTokenFault = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC'
  return isTokenFault ? oauthError('invalid_grant', `The subject token is refused: ${errorText(error)}.`) : unavailable()
}

/** Refuses a token for another client of the provider: the person did not get it for us. */
function claimsOf(payload: JWTPayload, audience: string): ProviderClaims {
  const claims = Claims.safeParse(payload)
  if (!claims.success) throw oauthError('invalid_grant', 'The subject token does not say whose it is.')
  const client = claims.data.azp ?? claims.data.client_id
  if (client !== undefined && client !== audience) throw oauthError('invalid_grant', 'The subject token was issued to another client.')
  return claims.data
}
