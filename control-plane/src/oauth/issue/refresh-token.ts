import type { Database } from '@bir/db/schema'
import type { Selectable, Transaction } from 'kysely'
import { hashOf, newSecret, openWith, sealWith } from '../../base/secrets/secret.ts'
import type { TokenAnswer } from './granted.ts'

export type RefreshRow = Selectable<Database['refresh_tokens']>

/** How long the token that was replaced last gives the same answer again, for a client that did not get it. */
const repeatMs = 30_000

/** Adds a refresh token to the family of a session. */
export async function addRefreshToken(trx: Transaction<Database>, { sid, clientId }: { sid: string; clientId: string }): Promise<string> {
  const token = newSecret()
  await trx
    .insertInto('refresh_tokens')
    .values({ token_hash: hashOf(token), sid, client_id: clientId })
    .execute()
  return token
}

/**
 * Finds a refresh token, and keeps everybody else, on any replica, from its session until the transaction ends. It
 * locks the session and not the token: whoever ends a session locks it first and deletes its tokens then, and in the
 * other order the two would wait for each other for ever.
 */
export async function lockRefreshToken(trx: Transaction<Database>, token: string): Promise<RefreshRow | undefined> {
  const ofToken = trx.selectFrom('refresh_tokens').where('token_hash', '=', hashOf(token))
  const found = await ofToken.select('sid').executeTakeFirst()
  if (!found) return undefined
  await trx.selectFrom('sessions').select('sid').where('sid', '=', found.sid).forNoKeyUpdate().execute()
  return ofToken.selectAll().executeTakeFirst()
}

/** Keeps the answer that replaced a token, so that only who has the token can read it. */
export async function replaceRefreshToken(trx: Transaction<Database>, token: string, answer: TokenAnswer): Promise<void> {
  await trx
    .updateTable('refresh_tokens')
    .set({ replaced_at: new Date(), replaced_by: hashOf(answer.refresh_token ?? ''), answer: sealWith(token, JSON.stringify(answer)) })
    .where('token_hash', '=', hashOf(token))
    .execute()
}

/**
 * The answer that a token has had already, while it may be given again: for 30 s, as long as the token in it was not
 * used. Undefined: the token comes from somebody who should not have it.
 */
export async function repeatedAnswer(trx: Transaction<Database>, token: string, row: RefreshRow): Promise<TokenAnswer | undefined> {
  const { replaced_at, replaced_by, answer } = row
  if (!replaced_at || !replaced_by || !answer || Date.now() - replaced_at.getTime() > repeatMs) return undefined
  const successor = await trx.selectFrom('refresh_tokens').select('replaced_at').where('token_hash', '=', replaced_by).executeTakeFirst()
  if (!successor || successor.replaced_at !== null) return undefined
  return JSON.parse(openWith(token, answer)) as TokenAnswer
}
