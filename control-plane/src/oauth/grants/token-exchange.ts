import { LIFE_SECONDS } from '../issue/access-token.ts'
import { ACCESS_TOKEN_TYPE } from '../issue/granted.ts'
import { oauthError } from '../../base/errors/oauth-error.ts'
import { refuseUnknownServer } from '../base/resource.ts'
import { signIn } from '../../providers/sign-in.ts'
import { optionalParameter, requireParameter } from '../base/form.ts'
import { asOAuthError } from '../base/provider-refusal.ts'
import type { GrantType } from './grant.ts'
import { refuseDisabled } from './refuse-disabled.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

const subjectTypes = ['urn:ietf:params:oauth:token-type:id_token', 'urn:ietf:params:oauth:token-type:jwt', ACCESS_TOKEN_TYPE]

/** Exchanges a token of the identity provider for one of ours (RFC 8693). */
export const tokenExchange: GrantType = async ({ db, providers, ctxOf }, { form, target }) => {
  const type = requireParameter(form, 'subject_token_type')
  if (!subjectTypes.includes(type))
    throw oauthError('invalid_request', 'The subject_token_type must be an id_token, a jwt or an access_token.')
  if (form.has('actor_token')) throw oauthError('invalid_request', 'An actor_token is not taken.')
  if ((optionalParameter(form, 'requested_token_type') ?? ACCESS_TOKEN_TYPE) !== ACCESS_TOKEN_TYPE)
    throw oauthError('invalid_request', 'Only access tokens are issued.')
  const token = requireParameter(form, 'subject_token')
  const { provider, claims, clientId = 'unknown' } = await providers.verifyToken(token, type).catch(refuse)
  await refuseUnknownServer(db, target)
  const { user, revision } = await signIn(ctxOf(`provider:${provider}`), provider, claims).catch(refuse)
  refuseDisabled(user)
  const recordedAs = { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id }
  return { user, revision, clientId, lifeSeconds: LIFE_SECONDS, recordedAs }
}

const refuse = (error: unknown) => {
  throw asOAuthError(error)
}
