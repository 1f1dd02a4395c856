import { expect, test } from 'vitest'
import { doubtOfTimes, timeName, Timezone, timesOf } from './time.ts'

const shown = (cell: string, timezone?: string) => {
  const [ms] = timesOf([cell], timezone) ?? []
  return typeof ms === 'number' ? timeName(ms) : undefined
}

test.for([
  ['2024-01-01', undefined, '2024-01-01'],
  ['2024-01-01', 'America/New_York', '2024-01-01'],
  ['2024-01-01 10:00', 'America/New_York', '2024-01-01 10:00'],
  ['2024-01-01T21:00:00Z', undefined, '2024-01-01 21:00'],
  ['2024-01-01T21:00:00Z', 'Asia/Baku', '2024-01-02 01:00'],
  ['2024-01-01 21:00:00+00', 'Asia/Baku', '2024-01-02 01:00'],
  ['2024-01-01T21:00:00-0500', 'Asia/Baku', '2024-01-02 06:00'],
  ['2024-07-01T12:00:00Z', 'America/New_York', '2024-07-01 08:00'],
  ['2024-12-01T12:00:00Z', 'America/New_York', '2024-12-01 07:00'],
  ['2024-01-01T12:00:00Z', 'Asia/Kathmandu', '2024-01-01 17:45'],
  ['2024-01-01T00:00:00.250Z', undefined, '2024-01-01 00:00:00.250'],
] as const)('%s with the zone %s is shown as %s', ([cell, timezone, name]) => {
  expect(shown(cell, timezone)).toBe(name)
})

test.for(['Baku', '+04:00', 'EST5EDT4', '', '../etc/localtime', 'UTC\n'])('%j is refused as a time zone', (name) => {
  expect(Timezone.safeParse(name).error?.issues[0]?.message).toBe(
    'is no time zone; give a name of the IANA database, such as Asia/Baku or UTC.',
  )
})

test('a column with one cell that is no time is no column of times', () => {
  expect(timesOf(['2024-01-01', 'later'])).toBeUndefined()
  expect(timesOf(['2024-13-01'])).toBeUndefined()
})

test.for(['2024-02-30', '2023-02-29', '2024-04-31 10:00', '2024-06-31T10:00:00Z', '2024-00-01', '2024-01-00'])('%s is no time', (cell) => {
  expect(timesOf(['2024-01-01', cell])).toBeUndefined()
  expect(doubtOfTimes('d', ['2024-01-01', null, cell])).toBe(`"d" holds "${cell}", which is no date, so its values are drawn as names.`)
})

test('two instants that the clock shows as one time stay two, in the offset of the later, and a sentence says so', () => {
  const cells = [4, 5, 6, 7].map((hour) => `2024-11-03T0${hour}:00:00Z`)
  const names = (zone: string) => timesOf(cells, zone)?.map((ms) => ms !== null && timeName(ms + 1000).slice(11))
  expect(names('America/New_York')).toEqual(['23:00:01', '00:00:01', '01:00:01', '02:00:01'])
  expect(doubtOfTimes('d', cells, 'America/New_York')).toBe(
    'The clock of America/New_York is set back within "d" and shows some times twice, so all its times are drawn in UTC−05:00.',
  )
  expect(names('Asia/Baku')).toEqual(['08:00:01', '09:00:01', '10:00:01', '11:00:01'])
  expect(doubtOfTimes('d', cells, 'Asia/Baku')).toBeUndefined()
  expect(doubtOfTimes('d', ['2024-02-29', 'later'], 'Asia/Baku')).toBeUndefined()
})
