import type { Database } from '@bir/db/schema'
import type { PlaneState } from '@bir/sdk/contract/entities'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import { auditOf } from '../audit/standing.ts'
import type { Ctx } from '../base/context.ts'
import type { Published } from './claim.ts'
import { standingOf } from './standing.ts'

/** The newest revision; undefined before the first one. */
export async function newestRevision(db: Kysely<Database>): Promise<(Published & { at: Date }) | undefined> {
  const columns = ['revision', 'root', 'history', 'at'] as const
  const row = await db.selectFrom('revisions').select(columns).orderBy('revision', 'desc').limit(1).executeTakeFirst()
  return row && { revision: Number(row.revision), root: row.root, history: row.history ?? undefined, at: row.at }
}

/** All planes that ever joined. Expelled planes are listed too, because their audit records stay. */
export async function list({ db }: Pick<Ctx, 'db'>): Promise<{ items: z.infer<typeof PlaneState>[] }> {
  const newest = await newestRevision(db)
  const nowMs = Date.now()
  const rows = await db
    .selectFrom('planes')
    .leftJoin('audit_chains', 'audit_chains.plane', 'planes.id')
    .selectAll('planes')
    .select('seq')
    .orderBy('id')
    .execute()
  const items = rows.map((row) => ({
    id: row.id,
    name: row.name,
    publicKey: JSON.parse(row.public_jwk),
    joinedAt: row.joined_at.toISOString(),
    seenAt: row.seen_at?.toISOString() ?? null,
    revision: row.revision === null ? null : Number(row.revision),
    ...(row.expelled_at === null && { standing: standingOf(row, newest, nowMs) }),
    clockOffMs: row.clock_off_ms === null ? null : Number(row.clock_off_ms),
    rejected: row.rejected_revision === null ? null : { revision: Number(row.rejected_revision), reasons: row.rejected_reasons },
    auditSeq: Number(row.seq ?? 0),
    audit: auditOf({ ...row, seq: row.seq ?? 0 }, nowMs),
    offlineCalls: row.offline_calls === null ? null : Number(row.offline_calls),
    expelled: row.expelled_at !== null,
    expelledAt: row.expelled_at?.toISOString() ?? null,
    forgotten: row.forgotten,
  }))
  return { items }
}
