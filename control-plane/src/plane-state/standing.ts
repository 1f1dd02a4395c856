import type { PlaneStanding } from '@bir/sdk/contract/entities'
import { MAX_CLOCK_OFF_MS, PLANE_AWAY_AFTER_MS } from '@bir/sdk/contract/internal'
import type { z } from 'zod'
import { isSamePolicy } from './claim.ts'
import type { Published } from './claim.ts'
import type { HeldRow } from './held.ts'

export interface StandingRow extends HeldRow {
  seen_at: Date | null
  joined_at: Date
  rejected_revision: string | number | null
  clock_off_ms: string | number | null
}

/** Where a plane stands, by what it said last. What it does not say any more, nobody knows. */
export function standingOf(row: StandingRow, newest: Published | undefined, nowMs: number): z.infer<typeof PlaneStanding> {
  if (row.audit_ended) return 'stopped'
  if (nowMs - (row.seen_at ?? row.joined_at).getTime() > PLANE_AWAY_AFTER_MS) return 'away'
  if (Math.abs(Number(row.clock_off_ms ?? 0)) > MAX_CLOCK_OFF_MS) return 'clock'
  if (!newest) return 'behind'
  if (isHeld(row, newest)) return 'enforcing'
  return Number(row.rejected_revision ?? 0) === newest.revision ? 'rejecting' : 'behind'
}

const isHeld = ({ revision, held_history, held_root }: HeldRow, newest: Published): boolean =>
  revision !== null &&
  Number(revision) === newest.revision &&
  isSamePolicy({ history: held_history ?? undefined, root: held_root ?? undefined }, newest)
