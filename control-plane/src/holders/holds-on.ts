import { EVERYONE_ID } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Db } from '../policy-rows/types.ts'

/** Whether a person holds any grant on the server, expired ones too. Nobody else may learn that the server exists. */
export async function holdsOn(db: Db, userId: string, server: string): Promise<boolean> {
  const { rows } = await sql<{ some: boolean }>`
    select exists (
      select from grants where server = ${server} and (
        holder_id in (${userId}, ${EVERYONE_ID})
        or holder_id in (select group_id from memberships where user_id = ${userId})
      )
    ) as some`.execute(db)
  return rows[0]?.some === true
}
