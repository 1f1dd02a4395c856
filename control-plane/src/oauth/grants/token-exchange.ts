import { decodeJwt } from 'jose'
import { oauthError } from '../../base/errors/oauth-error.ts'
import type { Exchanged } from '../../sessions/exchanged.ts'
import { optionalParameter, requireParameter } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { narrowedAudience, refuseUnknownServer, targetOf } from '../base/resource.ts'
import type { Target } from '../base/resource.ts'
import { LIFE_SECONDS } from '../issue/access-token.ts'
import { ACCESS_TOKEN_TYPE } from '../issue/granted.ts'
import { isAnybody } from '../clients/client.ts'
import type { OAuthClient } from '../clients/client.ts'
import { actingFor } from './exchange/acting.ts'
import type { HeldToken } from './exchange/held.ts'
import { lifeWithin } from './exchange/narrow.ts'
import { ownToken } from './exchange/own-token.ts'
import { providerToken } from './exchange/provider-token.ts'
import type { GrantType, TokenRequest } from './grant.ts'
import { refuseDisabled } from './refuse-disabled.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
const tokenTypes = ['urn:ietf:params:oauth:token-type:id_token', jwtType, ACCESS_TOKEN_TYPE]

/**
 * Exchanges a token of an identity provider, or one of the gateway itself, for one of the gateway (RFC 8693). Who
 * brings an `actor_token`, or is the client of a service account, acts for its person: that stands in `act`.
 */
export const tokenExchange: GrantType = async (parts, request) => {
  const { form, client } = request
  const subjectToken = tokenIn(form, 'subject_token')
  const actorToken = form.has('actor_token') || form.has('actor_token_type') ? tokenIn(form, 'actor_token') : undefined
  if (![ACCESS_TOKEN_TYPE, jwtType].includes(optionalParameter(form, 'requested_token_type') ?? ACCESS_TOKEN_TYPE))
    throw oauthError('invalid_request', 'Only access tokens are issued.')

  const subject = await held(parts, subjectToken, request)
  refuseDisabled(subject.user)
  const actor = actorToken === undefined ? await serviceOf(parts, request) : await held(parts, actorToken, request)
  if (actor) refuseDisabled(actor.user)
  const target = requestedTarget(parts, request)
  if (target) await refuseUnknownServer(parts.db, target)

  const { user, revision, bounds } = subject
  const by = actor?.user ?? user
  const act = actingFor(user, actor?.user, subject.act)
  return {
    user,
    revision,
    clientId: isAnybody(client) ? subject.clientId : client.id,
    lifeSeconds: bounds ? lifeWithin(bounds, Date.now()) : LIFE_SECONDS,
    recordedAs: { id: by.id, label: by.handle, administrator: by.administrator, userId: by.id },
    audience: bounds ? narrowedAudience(bounds.audience, target) : (target ?? targetOf([], parts)).audience,
    ...(act && { actor: act.sub, ...(act.act && { actedBefore: act.act }) }),
    ...((bounds || actor) && { exchanged: madeOf(subject, actor, client) }),
    ...(bounds && { sid: bounds.sid, madeOf: bounds }),
  }
}

type Acting = Pick<HeldToken, 'user' | 'bounds'>

const madeOf = ({ bounds }: HeldToken, actor: Acting | undefined, client: OAuthClient): Exchanged => ({
  subjectJti: bounds?.jti,
  actorId: actor?.user.id,
  actorJti: actor?.bounds?.jti,
  actorSid: actor?.bounds?.sid,
  isStoredClient: !isAnybody(client) && client.kind !== 'built-in' && client.kind !== 'document',
})

interface Sent {
  token: string
  type: string
}

function tokenIn(form: URLSearchParams, name: 'subject_token' | 'actor_token'): Sent {
  const type = requireParameter(form, `${name}_type`)
  if (!tokenTypes.includes(type)) throw oauthError('invalid_request', `The ${name}_type must be an id_token, a jwt or an access_token.`)
  return { token: requireParameter(form, name), type }
}

/** Whose token it is, its issuer says. It is never tried as one thing after the other. */
async function held(parts: OAuthParts, { token, type }: Sent, request: TokenRequest): Promise<HeldToken> {
  if (token.startsWith('bir_pat_'))
    throw oauthError('invalid_grant', 'A personal access token is sent to /mcp as it is, and exchanged for nothing.')
  return issuerOf(token) === parts.issuer ? ownToken(parts, token, request) : providerToken(parts, token, type)
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** The service account whose client asks. Its client has proved to be it. */
async function serviceOf({ db }: OAuthParts, { client }: TokenRequest): Promise<Acting | undefined> {
  if (client.kind !== 'service' || client.userId === undefined || client.authMethod === 'none') return undefined
  const user = await db.selectFrom('users').selectAll().where('id', '=', client.userId).executeTakeFirst()
  return user && { user }
}

/** `audience` names a resource too (RFC 8693, section 2.1). Undefined: neither does. */
function requestedTarget(parts: OAuthParts, { form }: TokenRequest): Target | undefined {
  const named = [...form.getAll('resource'), ...form.getAll('audience')]
  const targets = named.map((resource) => targetOf([resource], parts))
  const [first] = targets
  if (targets.some(({ audience }) => audience !== first?.audience)) throw oauthError('invalid_target', 'Ask for one resource at a time.')
  return first
}
