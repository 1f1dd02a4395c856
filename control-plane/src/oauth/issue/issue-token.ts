import { randomUUID } from 'node:crypto'
import { json } from '../../base/http.ts'
import type { Answer } from '../../base/http.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Target } from '../base/resource.ts'
import { signAccessToken } from './access-token.ts'
import { ACCESS_TOKEN_TYPE } from './granted.ts'
import type { Granted } from './granted.ts'

/**
 * Signs the token that was granted. A token does not change the policy, so it needs only an audit record, no lock and
 * no new revision. The record is written before the token is sent.
 */
export const issueToken =
  ({ db, keys, issuer, ctxOf, log }: OAuthParts) =>
  async ({ granted, target: { audience } }: { granted: Granted; target: Target }): Promise<Answer> => {
    const { user, revision, clientId, lifeSeconds, actor, recordedAs } = granted
    const jti = randomUUID()
    const token = { subject: user.id, audience, clientId, revision, lifeSeconds, jti, ...(actor === undefined ? {} : { actor }) }
    const access_token = await signAccessToken(keys, issuer, token)
    const detail = `client ${clientId}, for ${audience}, ${lifeSeconds} s, jti ${jti}`
    const record = { actor: recordedAs, action: 'tokens.issue', target: user.handle, detail }
    await db.transaction().execute((trx) => ctxOf(recordedAs.label).recordChange(trx, record))
    log('info', 'token-issued', { person: user.handle, audience, clientId, actor, lifeSeconds })
    const body = { access_token, issued_token_type: ACCESS_TOKEN_TYPE, token_type: 'Bearer', expires_in: lifeSeconds, scope: 'mcp' }
    return json(200, body, { pragma: 'no-cache' })
  }
