import type { Database } from '@bir/db/schema'
import type { SessionSettings } from '@bir/sdk/contract/settings'
import type { Selectable } from 'kysely'

export type SessionRow = Selectable<Database['sessions']>

/** Until when a new session may stay unused, and until when it lasts at the most. */
export function newLife({ idleMs, maxMs }: SessionSettings, nowMs: number): { idle_until: Date; until: Date } {
  return { idle_until: new Date(nowMs + Math.min(idleMs, maxMs)), until: new Date(nowMs + maxMs) }
}

/** The life of a session that is used now. It never becomes longer than it was given. */
export const slidLife = (
  { until }: Pick<SessionRow, 'until'>,
  { idleMs }: SessionSettings,
  nowMs: number,
): { used_at: Date; idle_until: Date } => ({
  used_at: new Date(nowMs),
  idle_until: new Date(Math.min(until.getTime(), nowMs + idleMs)),
})

/** Whether the session goes on. A shorter setting shortens sessions that began before; a longer one prolongs none. */
export function isAlive(
  row: Pick<SessionRow, 'ended_at' | 'idle_until' | 'until' | 'used_at' | 'made_at' | 'kind'>,
  settings: SessionSettings,
  nowMs: number,
): boolean {
  if (row.ended_at !== null) return false
  if (row.until.getTime() <= nowMs || row.idle_until.getTime() <= nowMs) return false
  // The life of a single access token was decided when it was issued.
  if (row.kind === 'token') return true
  return row.used_at.getTime() + settings.idleMs > nowMs && row.made_at.getTime() + settings.maxMs > nowMs
}

/** Whether the person may still use what began then: they are enabled, and were not disabled since. */
export const isInForce = (
  { made_at }: Pick<SessionRow, 'made_at'>,
  user: { disabled: boolean; epoch: number | string | bigint },
): boolean => !user.disabled && Math.floor(made_at.getTime() / 1000) >= Number(user.epoch)
