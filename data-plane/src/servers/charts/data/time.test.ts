import { expect, test } from 'vitest'
import { timeName, Timezone, timesOf } from './time.ts'

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
