import type { Database } from '@bir/db/schema'
import { MAX_AUDIT_WAIT_MS } from '@bir/sdk/contract/audit'
import type { AuditStanding, PlaneAudit } from '@bir/sdk/contract/entities'
import { MAX_CLOCK_OFF_MS } from '@bir/sdk/contract/internal'
import type { AuditReport } from '@bir/sdk/contract/internal'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { z } from 'zod'

/** A plane asks for the policy at least every half minute. */
const silentAfterMs = 90_000

/**
 * Stores what a plane told of its audit. Resolves with the last record that is stored, so that a plane that sent more,
 * to a database that was set back since, sends it again.
 */
export async function storeAuditReport(db: Kysely<Database>, plane: string, report: AuditReport, nowMs = Date.now()): Promise<number> {
  const { written, waitingMs, apart, why, ended = false, offlineCalls } = report
  const chain = await db.selectFrom('audit_chains').select('seq').where('plane', '=', plane).executeTakeFirst()
  const stored = Number(chain?.seq ?? 0)
  // A gap that was seen before counts from then on, until its last record is stored. Newer records may be on their way.
  const isOpen = sql`coalesce(audit_gap_to > ${stored}::bigint, false)`
  const isNew = written > stored
  await db
    .updateTable('planes')
    .set({
      audit_gap_since: sql`case when ${isOpen} then audit_gap_since else ${isNew ? new Date(nowMs) : null}::timestamptz end`,
      audit_gap_to: sql`case when ${isOpen} then audit_gap_to else ${isNew ? written : null}::bigint end`,
      audit_written: written,
      audit_told_at: new Date(nowMs),
      audit_waiting_since: waitingMs === 0 ? null : new Date(Math.max(0, nowMs - waitingMs)),
      audit_apart: Math.min(apart, 1_000_000),
      audit_why: why?.replaceAll('\0', '') ?? null,
      audit_ended: ended,
      ...(offlineCalls !== undefined && { offline_calls: offlineCalls }),
    })
    .where('id', '=', plane)
    .execute()
  return stored
}

interface Row {
  /** The last record that is stored. */
  seq: string | number
  seen_at: Date | null
  audit_written: string | number | null
  audit_told_at: Date | null
  audit_waiting_since: Date | null
  audit_gap_since: Date | null
  audit_gap_to: string | number | null
  audit_apart: number
  audit_why: string | null
  audit_ended: boolean
  clock_off_ms: string | number | null
}

/** How far the audit of a plane is stored, by what the plane told. */
export function auditOf(row: Row, nowMs: number): z.infer<typeof PlaneAudit> {
  const written = row.audit_written === null ? null : Number(row.audit_written)
  const waiting = Math.max(0, (written ?? 0) - Number(row.seq))
  return {
    standing: standingOf(row, waiting, nowMs),
    written,
    waiting,
    apart: row.audit_apart,
    why: row.audit_why,
    toldAt: row.audit_told_at?.toISOString() ?? null,
  }
}

function standingOf(row: Row, waiting: number, nowMs: number) {
  const { audit_told_at, audit_ended, seen_at, clock_off_ms } = row
  if (!audit_told_at) return 'unknown'
  if (waiting > 0 && nowMs - waitingSinceMs(row, audit_told_at) > MAX_AUDIT_WAIT_MS) return 'waiting'
  if (audit_ended && waiting === 0) return 'ended'
  // A plane whose clock is wrong is seen, and refused: it tells nothing.
  const isRefused = Math.abs(Number(clock_off_ms ?? 0)) > MAX_CLOCK_OFF_MS
  const heardAtMs = isRefused ? audit_told_at.getTime() : Math.max(audit_told_at.getTime(), seen_at?.getTime() ?? 0)
  return nowMs - heardAtMs > silentAfterMs ? 'silent' : ('current' satisfies z.infer<typeof AuditStanding>)
}

/** By the plane's word, or by what is missing here: whichever is earlier. What was told of just now is on its way. */
function waitingSinceMs({ seq, audit_waiting_since, audit_gap_since, audit_gap_to }: Row, toldAt: Date): number {
  const isGapOpen = audit_gap_since !== null && Number(audit_gap_to) > Number(seq)
  const moments = [audit_waiting_since, isGapOpen ? audit_gap_since : null].filter((moment) => moment !== null)
  return Math.min(...(moments.length === 0 ? [toldAt] : moments).map((moment) => moment.getTime()))
}
