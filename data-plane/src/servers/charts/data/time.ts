import { z } from 'zod'
import type { Cell } from './table.ts'

const timePattern = /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[-+]\d{2}(?::?\d{2})?)?)?)?$/
const offsetPattern = /(?:Z|[-+]\d{2}(?::?\d{2})?)$/

/** A time zone of the IANA database, such as Asia/Baku. An offset is none: +04:00 would mean UTC−4 to POSIX. */
export const Timezone = z.string().refine((name) => /^[A-Za-z]/.test(name) && isKnownZone(name), {
  error: 'is no time zone; give a name of the IANA database, such as Asia/Baku or UTC.',
})

function isKnownZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

/**
 * The cells as milliseconds since 1970, or undefined if one of them is no time. They are what a clock of the zone
 * shows, written as if that were UTC: so the same rows give the same chart on every machine. A time without an offset
 * is taken as that clock shows it.
 */
export function timesOf(cells: Cell[], timezone = 'UTC'): (number | null)[] | undefined {
  const clock = clockOf(timezone)
  const times: (number | null)[] = []
  for (const cell of cells) {
    const ms = cell === null ? null : timeOf(cell, clock)
    if (ms === undefined) return undefined
    times.push(ms)
  }
  return times
}

function timeOf(cell: Cell, clock: (ms: number) => number): number | undefined {
  if (typeof cell !== 'string' || !timePattern.test(cell)) return undefined
  const isInstant = offsetPattern.test(cell.slice(10))
  const text = cell.replace(' ', 'T').replace(/(?<=:\d{2}(?:\.\d+)?[-+]\d{2})$/, ':00')
  const ms = Date.parse(cell.length > 10 && !isInstant ? `${text}Z` : text)
  if (Number.isNaN(ms)) return undefined
  return isInstant ? clock(ms) : ms
}

const quarterHourMs = 900_000

/** Shifts an instant to what the zone's clock shows. Zones change their offset at quarters of an hour only. */
function clockOf(timezone: string): (ms: number) => number {
  if (timezone === 'UTC') return (ms) => ms
  const offsets = new Map<number, number>()
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeZoneName: 'longOffset' })
  return function shift(ms) {
    const quarter = Math.floor(ms / quarterHourMs)
    const offsetMs = offsets.get(quarter) ?? offsetMsOf(format, ms)
    offsets.set(quarter, offsetMs)
    return ms + offsetMs
  }
}

/** Reads the offset from a text such as "01/01/2024, GMT+04:00". Old offsets have seconds; no offset is "GMT". */
function offsetMsOf(format: Intl.DateTimeFormat, ms: number): number {
  const [, sign, hours, minutes, seconds = '0'] = /GMT([-+−])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(format.format(ms)) ?? []
  if (hours === undefined) return 0
  const offsetMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '+' ? offsetMs : -offsetMs
}

/** The shortest of a date, with minutes, with seconds or with milliseconds that tells the whole time. */
export function timeName(ms: number): string {
  const iso = new Date(ms).toISOString().slice(0, -1)
  if (iso.endsWith('T00:00:00.000')) return iso.slice(0, 10)
  const shortest = iso.endsWith(':00.000') ? iso.slice(0, -7) : iso.replace(/\.000$/, '')
  return shortest.replace('T', ' ')
}
