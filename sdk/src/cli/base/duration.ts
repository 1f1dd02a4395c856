import { badUsage } from './fault.ts'

const unitsMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a duration such as `90s`, `30m`, `8h` or `2d`. Throws `CliFault` for any other text. */
export function durationMs(text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const ms = Number(amount) * (unitsMs[unit] ?? Number.NaN)
  if (!(ms > 0)) throw badUsage(`"${text}" is no duration: write such as 90s, 30m, 8h or 2d.`)
  return ms
}

/**
 * Reads a moment to come: `2027-01-31T00:00:00Z`, `2027-01-31`, or a duration from now such as `2h`.
 * Throws `CliFault` for any other text, and for a moment that is past.
 */
export function momentOf(text: string, nowMs: number): string {
  const moment = new Date(/^\d+[smhd]$/.test(text) ? nowMs + durationMs(text) : dateMs(text))
  if (Number.isNaN(moment.getTime())) throw badUsage(`"${text}" is no moment: write such as 2h, 1d, 2027-01-31 or 2027-01-31T00:00:00Z.`)
  if (moment.getTime() <= nowMs) throw badUsage(`${text} is past: name a moment that comes.`)
  return moment.toISOString()
}

/**
 * Reads a date, a time or a duration before now: `2026-11-22`,
 * `2026-11-22T08:00:00Z`, `2h`. Throws `CliFault` for any other text.
 */
export function instantOf(text: string, nowMs: number): string {
  if (/^\d+[smhd]$/.test(text)) return new Date(nowMs - durationMs(text)).toISOString()
  const ms = dateMs(text)
  if (Number.isNaN(ms)) throw badUsage(`"${text}" is no moment: write such as 2026-11-22, 2026-11-22T08:00:00Z, or 2h for two hours ago.`)
  return new Date(ms).toISOString()
}

/** NaN when the text is no date. */
const dateMs = (text: string): number => (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN)
