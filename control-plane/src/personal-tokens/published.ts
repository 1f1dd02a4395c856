import type { Database } from '@bir/db/schema'
import { MAX_ENDED_PERSONAL_TOKENS } from '@bir/sdk/contract/snapshot'
import type { EndedPersonalToken, PersonalTokensChunk } from '@bir/sdk/contract/snapshot'
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

/** How many of the ended tokens of one person are published: the newest. */
const maxEndedOfOne = 20

/**
 * The personal access tokens that ended in the last 30 days, by the hash of the token: revoked, expired, or voided with
 * their person. So a plane can say what became of one, and whose it was. Where there are more than a snapshot bears,
 * everybody's newest come first, then everybody's second: nobody who ends many pushes those of others off.
 */
export async function readEndedPersonalTokens(trx: Transaction<Database>): Promise<Record<string, EndedPersonalToken>> {
  const isVoid = sql<boolean>`(token.revoked_at is not null or users.disabled or extract(epoch from token.made_at) < users.epoch)`
  // `least` leaves nulls out. A person who is disabled has an epoch of that moment.
  const endedAt = sql<Date>`least(
    token.revoked_at, token.expires_at,
    case when users.disabled or extract(epoch from token.made_at) < users.epoch then to_timestamp(users.epoch) end
  )`
  const ended = trx
    .selectFrom('personal_tokens as token')
    .innerJoin('users', 'users.id', 'token.user_id')
    .select(['token.id', 'token.user_id', 'token.token_hash', 'token.expires_at', isVoid.as('is_void'), endedAt.as('ended_at')])
    .select(sql<number>`row_number() over (partition by token.user_id order by ${endedAt} desc, token.id desc)`.as('newer_of_one'))
    .where((eb) => eb.or([isVoid, eb('token.expires_at', '<=', sql<Date>`now()`)]))
    .where(endedAt, '>', sql<Date>`now() - interval '30 days'`)
  const rows = await trx
    .selectFrom(ended.as('ended'))
    .selectAll()
    .where('newer_of_one', '<=', maxEndedOfOne)
    .orderBy('newer_of_one')
    .orderBy('ended_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MAX_ENDED_PERSONAL_TOKENS)
    .execute()
  return Object.fromEntries(
    rows.map((row) => [
      row.token_hash,
      {
        id: row.id,
        subject: row.user_id,
        expiresAtS: Math.floor(row.expires_at.getTime() / 1000),
        ...(row.is_void ? { revoked: true as const } : {}),
      },
    ]),
  )
}
