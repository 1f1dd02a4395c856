import type { Answer } from '../../base/http.ts'
import { endSession } from '../../sessions/end-session.ts'
import { requireParameter } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { OAuthClient } from '../clients/client.ts'
import { verifiedHere } from '../issue/verified-here.ts'
import { hashOf } from '../../base/secrets/secret.ts'

/**
 * Revokes a token of the client that asks (RFC 7009). The whole session ends with it, at every data plane too. Whether
 * there was such a token, the answer does not say.
 */
export const revoke =
  (parts: OAuthParts) =>
  async ({ form, client }: { form: URLSearchParams; client: OAuthClient }): Promise<Answer> => {
    const sid = await sessionOfToken(parts, requireParameter(form, 'token'), client)
    if (sid !== undefined) await endSession(parts.ctxOf(`client:${client.id}`), sid, 'the client revoked its token')
    return { status: 200, headers: { 'cache-control': 'no-store' } }
  }

async function sessionOfToken(parts: OAuthParts, token: string, client: OAuthClient): Promise<string | undefined> {
  const row = await parts.db
    .selectFrom('refresh_tokens')
    .select(['sid', 'client_id'])
    .where('token_hash', '=', hashOf(token))
    .executeTakeFirst()
  if (row) return row.client_id === client.id ? row.sid : undefined
  const claims = await verifiedHere(parts, token)
  return claims?.client_id === client.id ? claims.sid : undefined
}
