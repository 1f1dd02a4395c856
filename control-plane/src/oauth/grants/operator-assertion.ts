import { MAX_TOKEN_LIFE_MS } from '../../keys/rotation.ts'
import { AssertionFault, assertedRequest, useOnce } from '../../tokens/operator.ts'
import { oauthError } from '../../base/errors/oauth-error.ts'
import { refuseUnknownServer } from '../base/resource.ts'
import { requireParameter } from '../base/form.ts'
import type { GrantType } from './grant.ts'
import { refuseDisabled } from './refuse-disabled.ts'

const defaultLifeSeconds = 8 * 60 * 60

/** Gives the holder of the operator key a token for a person of their choice (RFC 7523). */
export const operatorAssertion: GrantType = async ({ db, operators, ctxOf }, { form, target, exchange }) => {
  const refuse = (error: Error) => {
    if (error instanceof AssertionFault) throw oauthError('invalid_grant', `Refused: ${error.message}.`)
    throw error
  }
  const operator = await operators.verify(requireParameter(form, 'assertion'), assertedRequest(exchange.request)).catch(refuse)
  await refuseUnknownServer(db, target)
  const { person, label } = operator
  if (person === undefined) throw oauthError('invalid_grant', 'The assertion names no person to act for.')
  const lifeSeconds = lifeOf(form)
  await useOnce(db, operator).catch(refuse)
  const user = await db.selectFrom('users').selectAll().where('handle', '=', person).executeTakeFirst()
  if (!user) throw oauthError('invalid_grant', 'There is no such person.', { reason: 'unknown_person' })
  refuseDisabled(user)

  const { actor, publisher } = ctxOf(label)
  return { user, revision: await publisher.publish(), clientId: 'bir', lifeSeconds, recordedAs: actor, actor: label, isForOthers: true }
}

function lifeOf(form: URLSearchParams): number {
  const text = form.get('requested_token_lifetime') ?? String(defaultLifeSeconds)
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds * 1000 <= MAX_TOKEN_LIFE_MS) return seconds
  throw oauthError('invalid_request', 'requested_token_lifetime must be between 1 second and 30 days, in seconds.')
}
