import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { EndedSessions } from './ended-sessions.ts'
import { SessionMemory } from './session-memory.ts'

const hourMs = 60 * 60 * 1000
const ids = (count: number) => Array.from({ length: count }, () => uuidv7())
const expired = () => uuidv7(Date.now() - 25 * hourMs)

test('an ended session is remembered until its id would expire, within a limit', () => {
  const ended = new EndedSessions({ max: 2 })
  const [first = '', second = '', third = ''] = ids(3)
  const soon = uuidv7(Date.now() - 24 * hourMs + 60_000)
  for (const id of [expired(), soon, first]) ended.add(id)
  expect([soon, first].map((id) => ended.has(id))).toEqual([true, true])
  ended.add(second) // removes the oldest
  ended.add(third)
  expect([soon, first, second, third].map((id) => ended.has(id))).toEqual([false, false, true, true])
})

test('a reader gets each end once, and all of them again from a plane that has restarted', () => {
  const [first = '', second = '', third = ''] = ids(3)
  const ended = new EndedSessions({ max: 2 })
  ended.add(first)
  const start = ended.after('', 0)
  expect(start.ended).toEqual([first])
  expect(ended.after(start.epoch, start.next).ended).toEqual([])
  ended.add(second)
  ended.add(third) // removes the first
  const next = ended.after(start.epoch, start.next)
  expect(next.ended).toEqual([second, third])
  expect(ended.after(next.epoch, next.next).ended).toEqual([])
  expect(new EndedSessions().after(next.epoch, next.next)).toMatchObject({ next: 0, ended: [] })
  expect(ended.after('another', next.next).ended).toEqual([second, third])
})

test('a long list comes in pages', () => {
  const ended = new EndedSessions()
  const all = ids(10_001)
  for (const id of all) ended.add(id)
  const { epoch, next, ended: page } = ended.after('', 0)
  expect([...page, ...ended.after(epoch, next).ended]).toEqual(all)
  expect(page).toHaveLength(10_000)
})

test('ended sessions are restored after a crash, and the file is then cleaned', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bir-ended-'))
  const path = join(dir, 'ended-sessions')
  const [first = '', second = '', torn = ''] = ids(3)
  const crashed = new EndedSessions({ path })
  for (const id of [first, first, second]) crashed.add(id)
  appendFileSync(path, `${expired()}\n${torn.slice(0, 20)}`)
  const restarted = new EndedSessions({ path })
  expect([first, second, torn].map((id) => restarted.has(id))).toEqual([true, true, false])
  restarted.add(torn)
  expect(readFileSync(path, 'utf8')).toBe(`${first}\n${second}\n${torn}\n`)
  rmSync(dir, { recursive: true })
})

test('when the file cannot be written at a start, its sessions are still known, and it is written once it can be', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bir-ended-'))
  const path = join(dir, 'ended-sessions')
  const [first = '', second = '', third = ''] = ids(3)
  new EndedSessions({ path }).add(first)
  appendFileSync(path, third.slice(0, 20))
  mkdirSync(`${path}.new`) // blocks the write of the new file
  const faults: unknown[] = []
  const ended = new EndedSessions({ path, onFault: (error) => faults.push(error) })
  expect([ended.has(first), faults.length]).toEqual([true, 1])
  rmdirSync(`${path}.new`)
  for (const id of [second, third]) ended.add(id)
  expect(readFileSync(path, 'utf8')).toBe(`${first}\n${second}\n${third}\n`)
  expect(faults).toHaveLength(1)
  rmSync(dir, { recursive: true })
})

test('the file does not grow with removed ids; when it cannot be written the fault is reported, and the end is kept', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bir-ended-'))
  const path = join(dir, 'ended-sessions')
  const faults: unknown[] = []
  const ended = new EndedSessions({ path, max: 10, onFault: (error) => faults.push(error) })
  for (const id of ids(3_000)) ended.add(id)
  expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(1_100)
  expect(faults).toEqual([])
  rmSync(dir, { recursive: true })
  const [last = ''] = ids(1)
  ended.add(last)
  expect([ended.has(last), faults.length]).toEqual([true, 1])
})

const aMemory = (max?: number) => new SessionMemory({ node: 'here', ...(max !== undefined && { max }) })
const here = (id: string) => ({ id, home: 'here' })

test('a session that cannot be remembered any more is ended, so that its client opens another and misses nothing', () => {
  const memory = aMemory(2)
  const [streaming = '', idle = '', next = '', last = ''] = ids(4)
  const closed: string[] = []
  const stream = (id: string) => ({ follow: () => Promise.resolve(undefined), close: () => void closed.push(id) })
  memory.of(streaming).stream = stream(streaming)
  memory.hold(here(streaming))
  memory.of(idle).logLevel = 'info'
  memory.of(next).stream = stream(next)
  memory.hold(here(next))
  expect([streaming, idle, next].map((id) => memory.isEnded(id))).toEqual([false, true, false])
  memory.use(here(streaming), undefined, Date.now() + hourMs)
  memory.of(streaming).logLevel = 'info'
  memory.of(last)
  expect(closed).toEqual([next])
  expect(memory.get(streaming)?.logLevel).toBe('info')
})

test('a session that is used often stays, and one that is used rarely is removed first', () => {
  const memory = aMemory(2)
  const [often = '', seldom = '', next = ''] = ids(3)
  const nowMs = Date.now()
  for (const id of [often, seldom]) memory.use(here(id), undefined, nowMs)
  for (let atS = 30; atS <= 300; atS += 30) memory.use(here(often), undefined, nowMs + atS * 1000)
  expect(memory.idle(hourMs, nowMs + hourMs + 20_000)).toEqual([seldom])
  memory.use(here(next), undefined, nowMs + 301_000)
  expect([often, seldom, next].map((id) => memory.isEnded(id))).toEqual([false, true, false])
})

test('a session is idle by its last use, or without one by its beginning and the start of the plane', () => {
  const startedAtMs = Date.now() - 3 * hourMs
  const memory = new SessionMemory({ node: 'here', startedAtMs })
  const [old, young, used] = [uuidv7(startedAtMs - 5 * hourMs), uuidv7(Date.now() - hourMs / 2), uuidv7(startedAtMs)]
  memory.use(here(used), { person: 'alice', server: undefined }, Date.now() - hourMs / 2)
  const idle = (nowMs: number) => [old, young, used].map((id) => memory.isIdle(id, hourMs, nowMs))
  expect(idle(startedAtMs + hourMs)).toEqual([false, false, false])
  expect(idle(Date.now())).toEqual([true, false, false])
  const release = memory.hold(here(used))
  expect(idle(Date.now() + hourMs)).toEqual([true, true, false])
  release()
  expect(idle(Date.now() + hourMs / 2)).toEqual([true, false, false])
  expect(idle(Date.now() + 2 * hourMs)).toEqual([true, true, true])
  expect(memory.idle(hourMs, Date.now() + 2 * hourMs)).toEqual([used])
  expect(memory.end(used)).toEqual({ person: 'alice', server: undefined })
})

test('the use of a session is reported to its home once, and again while the session is in use', () => {
  const memory = aMemory()
  const [one = '', two = ''] = ids(2)
  const nowMs = Date.now()
  memory.use({ id: one, home: 'there' }, undefined, nowMs)
  memory.use({ id: two, home: 'there' }, undefined, nowMs)
  const release = memory.hold({ id: two, home: 'there' })
  expect([memory.guestsOf('there'), memory.guestsOf('elsewhere'), memory.size]).toEqual([[one, two], [], 0])
  memory.markReported('there', [one, two])
  expect(memory.guestsOf('there')).toEqual([two])
  release()
  memory.markReported('there', [two])
  expect(memory.guestsOf('there')).toEqual([])
  memory.use({ id: one, home: 'gone' }, undefined, nowMs)
  memory.keepGuestsOf(['there'])
  expect(memory.guestsOf('gone')).toEqual([])
})
