import { expect, test } from 'vitest'
import { standingOf } from './standing.ts'

const nowMs = Date.UTC(2026, 10, 22, 9)
const ago = (seconds: number) => new Date(nowMs - seconds * 1000)
const newest = { revision: 17, root: 'a'.repeat(64), history: 'one' }

const aRow = {
  revision: '17',
  held_history: 'one' as string | null,
  held_root: newest.root as string | null,
  audit_ended: false,
  seen_at: ago(20) as Date | null,
  joined_at: ago(9_000),
  rejected_revision: null as string | null,
  clock_off_ms: null as string | null,
}

test.for([
  ['holds the published policy', {}, 'enforcing'],
  ['is of an earlier version and says the number alone', { held_history: null, held_root: null }, 'enforcing'],
  ['holds an earlier revision', { revision: '16' }, 'behind'],
  ['holds the number in another history', { held_history: 'two' }, 'behind'],
  ['holds another policy of the same number', { held_root: 'b'.repeat(64) }, 'behind'],
  ['holds a higher number', { revision: '19' }, 'behind'],
  ['holds nothing', { revision: null }, 'behind'],
  ['rejected the published policy', { revision: '16', rejected_revision: '17' }, 'rejecting'],
  ['rejected an earlier one', { revision: '15', rejected_revision: '16' }, 'behind'],
  ['was not heard of for more than a minute', { seen_at: ago(61) }, 'away'],
  ['rejected the policy and went away', { seen_at: ago(61), revision: '16', rejected_revision: '17' }, 'away'],
  ['was never heard of and joined long ago', { seen_at: null }, 'away'],
  ['said that it stops', { audit_ended: true, seen_at: ago(61) }, 'stopped'],
  ['has a clock that is a day ahead', { clock_off_ms: '86400000' }, 'clock'],
  ['has a clock that is minutes behind', { clock_off_ms: '-120000' }, 'clock'],
  ['has a clock that is seconds off', { clock_off_ms: '7000' }, 'enforcing'],
] as const)('a plane that %s is %s', ([, more, standing]) => {
  expect(standingOf({ ...aRow, ...more }, newest, nowMs)).toBe(standing)
})
