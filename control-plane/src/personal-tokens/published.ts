import type { Database } from '@bir/db/schema'
import type { PersonalTokensChunk } from '@bir/sdk/contract/snapshot'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'

/**
 * The personal access tokens that are good, by the hash of the token. Those are left out that have expired or were
 * revoked, those of people who are disabled, and those from before their person was disabled last.
 */
export async function readPersonalTokens(trx: Transaction<Database>): Promise<PersonalTokensChunk['personalTokens']> {
  const rows = await trx
    .selectFrom('personal_tokens as token')
    .innerJoin('users', 'users.id', 'token.user_id')
    .select(['token.id', 'token.user_id', 'token.token_hash', 'token.servers', 'token.networks', 'token.expires_at'])
    .where('token.revoked_at', 'is', null)
    .where('token.expires_at', '>', sql<Date>`now()`)
    .where('users.disabled', '=', false)
    .where(sql<boolean>`extract(epoch from token.made_at) >= users.epoch`)
    .orderBy('token.token_hash')
    .execute()
  return Object.fromEntries(
    rows.map((row) => [
      row.token_hash,
      {
        id: row.id,
        subject: row.user_id,
        ...(row.servers === null ? {} : { servers: row.servers }),
        ...(row.networks === null ? {} : { networks: row.networks }),
        expiresAtS: Math.floor(row.expires_at.getTime() / 1000),
      },
    ]),
  )
}
