import { expect, test } from 'vitest'
import type { CallView } from '../server-kit/gateway-view.ts'
import { CallLog } from './call-log.ts'

const aCall = (atMs: number): CallView => ({
  atMs,
  server: 'things',
  tool: 'get_thing',
  outcome: 'answered',
  durationMs: 1,
  argsBytes: 2,
  resultBytes: 2,
  call: '01980000-0000-7000-8000-00000000000a',
})
const timesOf = (log: CallLog, person: string, max: number) => log.of(person, max).map(({ atMs }) => atMs)

test('a person sees the latest calls first, of the last 50', () => {
  const log = new CallLog()
  for (let atMs = 1; atMs <= 60; atMs++) log.add('alice', aCall(atMs))
  expect(timesOf(log, 'alice', 3)).toEqual([60, 59, 58])
  expect(timesOf(log, 'alice', 100)).toHaveLength(50)
  expect(log.of('bob', 3)).toEqual([])
})

test('beyond 2,000 people the one whose last call is longest ago is forgotten', () => {
  const log = new CallLog()
  for (let at = 0; at < 2_000; at++) log.add(`person-${at}`, aCall(at))
  log.add('person-0', aCall(5_000))
  expect(timesOf(log, 'person-1', 1)).toEqual([1])
  log.add('alice', aCall(6_000))
  expect(timesOf(log, 'person-1', 1)).toEqual([])
  expect(timesOf(log, 'person-0', 2)).toEqual([5_000, 0])
})
