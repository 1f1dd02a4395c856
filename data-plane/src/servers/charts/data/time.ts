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
  const times = readTimes(cells)
  if (!times) return undefined
  const offsetMsAt = offsetsOf(timezone)
  const steadyMs = steadyOffsetMs(times, offsetMsAt)
  return times.map((time) => time && (time.isInstant ? time.ms + (steadyMs ?? offsetMsAt(time.ms)) : time.ms))
}

/** What a reader cannot see of how cells were read as times; undefined if there is nothing. */
export function doubtOfTimes(name: string, cells: Cell[], timezone = 'UTC'): string | undefined {
  const times = readTimes(cells)
  if (!times) return doubtOfDates(name, cells)
  const steadyMs = steadyOffsetMs(times, offsetsOf(timezone))
  if (steadyMs === undefined) return undefined
  return `The clock of ${timezone} is set back within "${name}" and shows some times twice, so all its times are drawn in ${utcName(steadyMs)}.`
}

/** A date that does not exist makes a column one of names: that is seldom what the caller meant. */
function doubtOfDates(name: string, cells: Cell[]): string | undefined {
  const wrong = cells.find((cell) => cell !== null && timeOf(cell) === undefined)
  if (typeof wrong !== 'string' || !timePattern.test(wrong)) return undefined
  return `"${name}" holds "${wrong}", which is no date, so its values are drawn as names.`
}

interface Time {
  ms: number
  /** Whether the text says its offset. Else it is what a clock shows. */
  isInstant: boolean
}

function readTimes(cells: Cell[]): (Time | null)[] | undefined {
  const times: (Time | null)[] = []
  for (const cell of cells) {
    const time = cell === null ? null : timeOf(cell)
    if (time === undefined) return undefined
    times.push(time)
  }
  return times
}

function timeOf(cell: Cell): Time | undefined {
  if (typeof cell !== 'string' || !timePattern.test(cell)) return undefined
  const isInstant = offsetPattern.test(cell.slice(10))
  const text = cell.replace(' ', 'T').replace(/(?<=:\d{2}(?:\.\d+)?[-+]\d{2})$/, ':00')
  const ms = Date.parse(cell.length > 10 && !isInstant ? `${text}Z` : text)
  return Number.isNaN(ms) || !isDay(cell.slice(0, 10)) ? undefined : { ms, isInstant }
}

/** JavaScript makes 1 March of 30 February. */
const isDay = (date: string) => new Date(date).toISOString().startsWith(date)

/**
 * When summer time ends, a clock shows an hour twice. If two different instants of a column would be the same time of
 * the clock, all get the offset from UTC that the later one has; else undefined.
 */
function steadyOffsetMs(times: (Time | null)[], offsetMsAt: (ms: number) => number): number | undefined {
  const instants = new Set(times.flatMap((time) => (time?.isInstant ? [time.ms] : [])))
  const instantOfClock = new Map<number, number>()
  for (const ms of instants) {
    const clockMs = ms + offsetMsAt(ms)
    const other = instantOfClock.get(clockMs)
    if (other !== undefined) return offsetMsAt(Math.max(ms, other))
    instantOfClock.set(clockMs, ms)
  }
  return undefined
}

/** An offset such as UTC−05:00. */
function utcName(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000
  const digits = [Math.floor(minutes / 60), Math.round(minutes % 60)].map((part) => String(part).padStart(2, '0'))
  return `UTC${offsetMs < 0 ? '−' : '+'}${digits.join(':')}`
}

const quarterHourMs = 900_000

/** The offset of the zone's clock at an instant. Zones change it at quarters of an hour only. */
function offsetsOf(timezone: string): (ms: number) => number {
  if (timezone === 'UTC') return () => 0
  const offsets = new Map<number, number>()
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeZoneName: 'longOffset' })
  return function offsetMsAt(ms) {
    const quarter = Math.floor(ms / quarterHourMs)
    const offsetMs = offsets.get(quarter) ?? offsetMsOf(format, ms)
    offsets.set(quarter, offsetMs)
    return offsetMs
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
