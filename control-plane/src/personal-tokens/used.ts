import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** What of an audit record says that a token was used. */
interface Use {
  header: { tokenId?: string | undefined; atMs: number; kind: string; httpStatus?: number | undefined }
}

/** Personal access tokens have UUIDv7 (RFC 9562) as ids; the `jti` of access tokens are random, of version 4. */
const isPersonal = (tokenId: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(tokenId)

/** The token itself was refused, or its person: that is no use of it. */
const isRefused = (httpStatus: number | undefined) => httpStatus === 401 || httpStatus === 403

/** How exactly a use is kept: a token of a busy program does not write a row for every batch of records. */
const precisionMs = 60_000

/** Notes when personal access tokens were used last, from the audit records of a plane. A clock ahead says "now". */
export async function notePersonalTokens(db: Kysely<Database>, records: readonly Use[], nowMs: number): Promise<void> {
  const lastUse = new Map<string, number>()
  for (const { header } of records) {
    const { tokenId, atMs, kind, httpStatus } = header
    if (tokenId === undefined || kind !== 'call' || isRefused(httpStatus) || !isPersonal(tokenId)) continue
    lastUse.set(tokenId, Math.max(lastUse.get(tokenId) ?? 0, Math.min(atMs, nowMs)))
  }
  if (lastUse.size === 0) return
  const ids = [...lastUse.keys()]
  const moments = [...lastUse.values()].map((atMs) => new Date(atMs))
  await sql`
    update personal_tokens as token set used_at = used.at
    from unnest(${ids}::uuid[], ${moments}::timestamptz[]) as used(id, at)
    where token.id = used.id and (token.used_at is null or token.used_at + ${precisionMs} * interval '1 millisecond' <= used.at)
  `.execute(db)
}

/** Rows stay for a while after their token ended, so that people can see what it was. */
const keptMs = 30 * 86_400_000

export async function deleteOldPersonalTokens(db: Kysely<Database>): Promise<void> {
  const before = new Date(Date.now() - keptMs)
  await db
    .deleteFrom('personal_tokens')
    .where((eb) => eb.or([eb('expires_at', '<', before), eb('revoked_at', '<', before)]))
    .execute()
}
