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

type Lasting = Pick<SessionRow, 'idle_until' | 'until' | 'used_at' | 'made_at' | 'kind'>

/** When the session ends unless it is used. A shorter setting shortens those that began before. */
export function endsAt({ kind, idle_until, until, used_at, made_at }: Lasting, { idleMs, maxMs }: SessionSettings): Date {
  // The life of a single access token was decided when it was issued.
  if (kind === 'token') return until
  return new Date(Math.min(idle_until.getTime(), until.getTime(), used_at.getTime() + idleMs, made_at.getTime() + maxMs))
}

/** Whether the session goes on. */
export const isAlive = (row: Lasting & Pick<SessionRow, 'ended_at'>, settings: SessionSettings, nowMs: number): boolean =>
  row.ended_at === null && endsAt(row, settings).getTime() > nowMs

/**
 * The time that something new of this person is given. Disabling voids all until the end of its second, so what is made
 * in that same second, after the person was enabled again, is dated after it.
 */
export const madeNow = ({ epoch }: { epoch: number | string | bigint }): Date => new Date(Math.max(Date.now(), Number(epoch) * 1000))

/** Whether the person may still use what began then: they are enabled, and were not disabled since. */
export const isInForce = (
  { made_at }: Pick<SessionRow, 'made_at'>,
  user: { disabled: boolean; epoch: number | string | bigint },
): boolean => !user.disabled && Math.floor(made_at.getTime() / 1000) >= Number(user.epoch)
