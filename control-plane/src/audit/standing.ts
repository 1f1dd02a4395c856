import type { Database } from '@bir/db/schema'
import { MAX_AUDIT_WAIT_MS } from '@bir/sdk/contract/audit'
import type { AuditStanding, PlaneAudit } from '@bir/sdk/contract/entities'
import type { AuditReport } from '@bir/sdk/contract/internal'
import type { Kysely } from 'kysely'
import type { z } from 'zod'

/** A plane asks for the policy at least every half minute. */
const silentAfterMs = 90_000

/** Stores what a plane told of its audit. */
export async function storeAuditReport(db: Kysely<Database>, plane: string, report: AuditReport, nowMs = Date.now()): Promise<void> {
  const { written, waitingMs, apart, why, ended = false } = report
  await db
    .updateTable('planes')
    .set({
      audit_written: written,
      audit_told_at: new Date(nowMs),
      audit_waiting_since: waitingMs === 0 ? null : new Date(Math.max(0, nowMs - waitingMs)),
      audit_apart: Math.min(apart, 1_000_000),
      audit_why: why?.replaceAll('\0', '') ?? null,
      audit_ended: ended,
    })
    .where('id', '=', plane)
    .execute()
}

interface Row {
  /** The last record that is stored. */
  seq: string | number
  seen_at: Date | null
  audit_written: string | number | null
  audit_told_at: Date | null
  audit_waiting_since: Date | null
  audit_apart: number
  audit_why: string | null
  audit_ended: boolean
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

function standingOf({ audit_told_at, audit_waiting_since, audit_ended, seen_at }: Row, waiting: number, nowMs: number) {
  if (!audit_told_at) return 'unknown'
  // What was written just now is on its way.
  const waitingSince = audit_waiting_since ?? audit_told_at
  if (waiting > 0 && nowMs - waitingSince.getTime() > MAX_AUDIT_WAIT_MS) return 'waiting'
  if (audit_ended && waiting === 0) return 'ended'
  const heardAtMs = Math.max(audit_told_at.getTime(), seen_at?.getTime() ?? 0)
  return nowMs - heardAtMs > silentAfterMs ? 'silent' : ('current' satisfies z.infer<typeof AuditStanding>)
}
