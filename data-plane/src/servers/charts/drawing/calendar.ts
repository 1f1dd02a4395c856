const dayPattern = /^(\d{4})-(\d{2})(?:-(\d{2}))?(?=$|[T ])/

/** What is no date of those that a drawing read since it began. */
const unreadable = new Set<string>()
let areDaysLocal = true

/** Texts such as 2024-01-01 are that day of the calendar, in the zone of the chart; to JavaScript they begin in UTC. */
function parse(text: string): number {
  const [whole, year, month, day = '01'] = dayPattern.exec(text) ?? []
  if (whole !== undefined && !isDay(Number(year), Number(month), Number(day))) return NaN // JavaScript makes 1 March of 30 February
  return whole === text && areDaysLocal ? ScriptDate.parse(`${year}-${month}-${day}T00:00`) : ScriptDate.parse(text)
}

function isDay(year: number, month: number, day: number): boolean {
  const daysInMonth = [31, year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return day >= 1 && day <= (daysInMonth[month - 1] ?? 0)
}

/** Vega also gives what is no text. */
function parseNoted(value: unknown): number {
  const text = String(value)
  const ms = parse(text)
  if (Number.isNaN(ms) && unreadable.size < 100) unreadable.add(text)
  return ms
}

const ScriptDate = globalThis.Date

class CalendarDate extends ScriptDate {
  constructor(...parts: [value: number]) {
    const [first] = parts as unknown[]
    if (typeof first === 'string' && parts.length === 1) super(parseNoted(first))
    else super(...parts)
  }

  static override parse = parseNoted
}

/**
 * Makes the dates of this process those of a calendar. Vega reads dates in several places, all by way of `Date`, and
 * none of them can be told how.
 */
export function readDatesByCalendar(): void {
  globalThis.Date = CalendarDate as unknown as DateConstructor
}

/** Says how the next spec wants its days: one whose scales or time units are in UTC means days in UTC. */
export function beginDates(specText: string): void {
  unreadable.clear()
  const withoutRows = JSON.stringify(JSON.parse(specText), (key, value: unknown) =>
    key === 'values' || key === 'datasets' ? undefined : value,
  )
  areDaysLocal = !/"(?:type|timeUnit|unit)":"utc/.test(withoutRows)
}

/** A warning that names what was read as a date and is none. */
export function unreadableDates(): string[] {
  if (unreadable.size === 0) return []
  const texts = [...unreadable].slice(0, 5).map((text) => JSON.stringify(text.slice(0, 40)))
  return [`These are no dates, so their rows are left out: ${texts.join(', ')}${unreadable.size > texts.length ? ', …' : ''}.`]
}
