import type { IncomingMessage } from 'node:http'
import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Actor } from '../base/context.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { errorText } from '../base/log.ts'
import { outageText } from '../base/outage.ts'
import { verifyAccessToken } from '../oauth/issue/access-token.ts'
import { assertedRequest, looksLikeOperatorAssertion, useOnce } from '../tokens/operator.ts'
import type { OperatorVerifier } from '../tokens/operator.ts'
import { apiAudience } from '../oauth/base/resource.ts'

interface CallerParts {
  db: Kysely<Database>
  keys: KeyRing
  issuer: string
  operators: OperatorVerifier
}

/** Authenticates a caller of the API: a person with an access token, or the operator of an embedded gateway. */
export async function callerOf(parts: CallerParts, request: IncomingMessage): Promise<Actor> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw new ApiError('unauthenticated', 'Sign in: the header Authorization must hold a bearer token.')
  try {
    return looksLikeOperatorAssertion(token) ? await operatorActor(parts, token, request) : await personActor(parts, token)
  } catch (error) {
    if (error instanceof ApiError || outageText(error) !== undefined) throw ApiError.from(error)
    throw new ApiError('unauthenticated', `Sign in again: ${withoutStop(errorText(error))}.`, { cause: error })
  }
}

/** Some of the texts are sentences, and some are not. */
const withoutStop = (text: string) => text.replace(/\.$/, '')

/** Each assertion is good for one request: whoever gets hold of a used one has nothing. */
async function operatorActor({ db, operators }: CallerParts, token: string, request: IncomingMessage): Promise<Actor> {
  const operator = await operators.verify(token, assertedRequest(request))
  const { label, person } = operator
  if (person !== undefined) throw new Error('this assertion is for getting a token of a person, not for the API')
  await useOnce(db, operator)
  return { id: label, label, administrator: true }
}

async function personActor({ db, keys, issuer }: CallerParts, token: string): Promise<Actor> {
  const claims = await verifyAccessToken(keys, issuer, apiAudience(issuer), token)
  const user = await db
    .selectFrom('users')
    .select(['id', 'handle', 'administrator', 'disabled', 'epoch'])
    .where('id', '=', claims.sub)
    .executeTakeFirst()
  if (!user) throw new Error('there is no such person')
  if (user.disabled) throw new ApiError('forbidden', 'This account is disabled. Ask an administrator.')
  if (claims.iat < Number(user.epoch)) throw new Error('this token was voided')
  const revoked = await db
    .selectFrom('revocations')
    .select('id')
    .where((eb) => eb.or([eb.and({ kind: 'token', id: claims.jti }), eb.and({ kind: 'session', id: claims.sid })]))
    .executeTakeFirst()
  if (revoked) throw new Error('this token was revoked')
  const session = { sid: claims.sid, client: claims.client_id, ...(claims.act && { through: claims.act.sub }) }
  return { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id, ...session }
}
