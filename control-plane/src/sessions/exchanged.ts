import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import { lockChanges } from '../base/context.ts'

type Trx = Transaction<Database>

/** Of which tokens a new one is made, and who acts with it. */
export interface Exchanged {
  subjectJti: string | undefined
  actorId: string | undefined
  actorJti: string | undefined
  actorSid: string | undefined
  /** The client is a row of `oauth_clients`, so that it can be deleted. */
  isStoredClient: boolean
}

interface NewToken extends Exchanged {
  jti: string
  sid: string
  actor: string | undefined
  clientId: string
  expiresAt: Date
}

/**
 * Notes what a new token is made of, so that it ends with that. False: some of it has ended meanwhile, so there must be
 * no new token. Call `lockChanges` first in the transaction: who ends something waits then, and finds the new token.
 */
export async function noteExchanged(trx: Trx, token: NewToken): Promise<boolean> {
  const { jti, sid, subjectJti, actorId, actorJti, actorSid, isStoredClient, actor, clientId, expiresAt } = token
  const tokens = [subjectJti, actorJti].filter((id) => id !== undefined)
  const sessions = [sid, actorSid].filter((id) => id !== undefined)
  const { rows } = await sql<{ good: boolean }>`
    select not exists (select from revocations where kind = 'token' and id = any(${tokens}::text[]))
      and not exists (select from sessions where sid = any(${sessions}::uuid[]) and ended_at is not null)
      and not exists (select from users where id = ${actorId ?? null}::uuid and disabled)
      and (not ${isStoredClient}::boolean or exists (select from oauth_clients where client_id = ${clientId})) as good`.execute(trx)
  if (!rows[0]?.good) return false
  await trx
    .insertInto('exchanged_tokens')
    .values({
      jti,
      sid,
      subject_jti: subjectJti ?? null,
      actor_id: actorId ?? null,
      actor_jti: actorJti ?? null,
      actor_sid: actorSid ?? null,
      actor: actor ?? null,
      client_id: clientId,
      expires_at: expiresAt,
    })
    .execute()
  return true
}

/** What ended: a token, sessions, whoever acts, or a client. */
interface Ended {
  jti?: string
  sids?: readonly string[]
  actorId?: string
  clientId?: string
}

/**
 * Voids every token that was exchanged for one that ended, or by somebody who may act no more, and all that were made
 * of those. Planes refuse them from the next revision on. Resolves with their number.
 */
export async function voidExchanged(trx: Trx, { jti, sids = [], actorId, clientId }: Ended): Promise<number> {
  await lockChanges(trx, 'alone')
  const { numAffectedRows = 0n } = await sql`
    with recursive ended as (
      select jti, expires_at from exchanged_tokens
      where subject_jti = ${jti ?? null}::uuid or actor_jti = ${jti ?? null}::uuid or actor_sid = any(${sids}::uuid[])
        or actor_id = ${actorId ?? null}::uuid or client_id = ${clientId ?? null}::text
      union
      select made.jti, made.expires_at from exchanged_tokens made
      join ended on made.subject_jti = ended.jti or made.actor_jti = ended.jti
    )
    insert into revocations (kind, id, expires_at)
    select 'token', jti::text, expires_at + interval '1 day' from ended
    on conflict do nothing`.execute(trx)
  return Number(numAffectedRows)
}

export async function sweepExchanged(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('exchanged_tokens')
    .where('expires_at', '<', sql<Date>`now() - interval '1 hour'`)
    .execute()
}
