import type { Database } from '@bir/db/schema'
import type { Kysely, Selectable } from 'kysely'
import { hashOf, newSecret } from '../../base/secrets/secret.ts'

export type CodeRow = Selectable<Database['authorization_codes']>

const lifeMs = 60_000

/** Makes a code for one exchange within a minute (RFC 6749, section 4.1.2). */
export async function makeCode(
  db: Kysely<Database>,
  grant: { sid: string; clientId: string; redirectUri: string; codeChallenge: string; audience: string; scope: string },
): Promise<string> {
  const code = newSecret()
  await db
    .insertInto('authorization_codes')
    .values({
      code_hash: hashOf(code),
      sid: grant.sid,
      client_id: grant.clientId,
      redirect_uri: grant.redirectUri,
      code_challenge: grant.codeChallenge,
      audience: grant.audience,
      scope: grant.scope,
      expires_at: new Date(Date.now() + lifeMs),
    })
    .execute()
  return code
}

export const findCode = (db: Kysely<Database>, code: string): Promise<CodeRow | undefined> =>
  db.selectFrom('authorization_codes').selectAll().where('code_hash', '=', hashOf(code)).executeTakeFirst()

/** True for the one request, on any replica, that uses the code up while it is still good. */
export async function useCode(db: Kysely<Database>, { code_hash }: CodeRow): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('authorization_codes')
    .set({ used_at: new Date() })
    .where('code_hash', '=', code_hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', new Date())
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
