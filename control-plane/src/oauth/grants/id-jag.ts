import { createHash } from 'node:crypto'
import { z } from 'zod'
import { oauthError } from '../../base/errors/oauth-error.ts'
import { signIn } from '../../providers/sign-in.ts'
import { isFirstUse } from '../../tokens/used-once.ts'
import { requireParameter } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { asOAuthError } from '../base/provider-refusal.ts'
import { apiAudience, narrowedAudience, refuseUnknownServer, targetOf } from '../base/resource.ts'
import { LIFE_SECONDS } from '../issue/access-token.ts'
import { isAnybody } from '../clients/client.ts'
import type { GrantType, TokenRequest } from './grant.ts'
import { refuseDisabled } from './refuse-disabled.ts'

/** The profile as metadata names it (authorization_grant_profiles_supported). */
export const ID_JAG_PROFILE = 'urn:ietf:params:oauth:grant-profile:id-jag'
const idJagType = 'urn:ietf:params:oauth:token-type:id-jag'

/** An assertion is made for one request. A longer life would be a longer time to steal it. */
const maxLifeSeconds = 10 * 60
const skewSeconds = 30

const Claims = z.looseObject({
  aud: z.union([z.string(), z.array(z.string()).length(1)]),
  client_id: z.string(),
  jti: z.string().min(1).max(255),
  iat: z.number(),
  exp: z.number(),
  resource: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  scope: z.string().optional(),
})
type Claims = z.infer<typeof Claims>

/**
 * A provider that the policy trusts with it (`idJag: true`) asserts that a person may use a client here. This is the
 * Identity Assertion JWT Authorization Grant (draft-ietf-oauth-identity-assertion-authz-grant), which MCP's extension
 * "enterprise-managed authorization" needs. Nobody sees a page. There is no refresh token: the client asks its provider
 * again.
 */
export const idJag: GrantType = async (parts, request) => {
  const assertion = requireParameter(request.form, 'assertion')
  const { provider, claims, payload } = await parts.providers.verifyToken(assertion, idJagType).catch(refuse)
  const parsed = Claims.safeParse(payload)
  if (!parsed.success)
    throw oauthError('invalid_grant', 'The assertion lacks aud, client_id, jti, iat or exp, or has them in another form.')
  const clientId = refuseOtherClient(parsed.data, request)
  refuseLongLife(parsed.data)
  refuseOtherScope(parsed.data, request)
  const audience = audienceWithin(parts, parsed.data, request)
  await refuseUnknownServer(parts.db, targetOf([audience], parts))

  // Last of all: who sends a stolen assertion with a wrong client must not use it up.
  const { iss } = payload
  const id = `id-jag ${createHash('sha256')
    .update(JSON.stringify([iss, parsed.data.jti]))
    .digest('hex')}`
  if (!(await isFirstUse(parts.db, id, new Date((parsed.data.exp + 2 * skewSeconds) * 1000))))
    throw oauthError('invalid_grant', 'The assertion was used before: get another one from the identity provider.')
  const { user, revision } = await signIn(parts.ctxOf(`provider:${provider}`), provider, claims).catch(refuse)
  refuseDisabled(user)
  const recordedAs = { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id }
  return { user, revision, clientId, clientName: request.client.name, lifeSeconds: LIFE_SECONDS, recordedAs, audience }
}

/** The client must prove who it is; one with a metadata document is known by that alone. */
function refuseOtherClient({ client_id: asserted }: Claims, { client }: TokenRequest): string {
  if (isAnybody(client)) throw oauthError('invalid_client', 'This grant needs a client that says who it is.')
  if (client.authMethod === 'none' && client.kind !== 'document')
    throw oauthError('unauthorized_client', 'This grant is for clients that prove who they are, or have a metadata document.')
  if (asserted !== client.id) throw oauthError('invalid_grant', 'The assertion is for another client.')
  return client.id
}

function refuseLongLife({ iat, exp }: Claims): void {
  if (exp - iat <= maxLifeSeconds) return
  throw oauthError('invalid_grant', `The assertion lives for more than ${maxLifeSeconds / 60} minutes.`)
}

/** The one scope that there is here must be asked for and asserted, where they name any. */
function refuseOtherScope({ scope }: Claims, { form }: TokenRequest): void {
  for (const scopes of [scope, form.get('scope') ?? undefined]) {
    if (scopes === undefined || scopes.split(' ').includes('mcp')) continue
    throw oauthError('invalid_scope', 'The assertion, or the request, is not for the scope mcp.')
  }
}

/**
 * The audience: what the request names, or else what the assertion does. It must lie within what the assertion does.
 * The API is not for clients of a provider.
 */
function audienceWithin(parts: OAuthParts, { resource }: Claims, { form }: TokenRequest): string {
  if (resource === undefined) throw oauthError('invalid_grant', 'The assertion names no resource.')
  const asserted = targetOf([resource].flat(), parts)
  if (asserted.audience === apiAudience(parts.issuer)) throw oauthError('invalid_target', 'Assertions are for MCP, not for the API.')
  const requested = form.has('resource') ? targetOf(form.getAll('resource'), parts) : undefined
  return narrowedAudience(asserted.audience, requested)
}

const refuse = (error: unknown) => {
  throw asOAuthError(error)
}
