import { expect, test } from 'vitest'
import { Contact, silenceText } from './contact.ts'

const atMs = Date.UTC(2026, 10, 22, 9)
const date = new Date(atMs).toUTCString()
const dayMs = 86_400_000

function aContact() {
  const events: string[] = []
  const contact = new Contact((_level, event) => void events.push(event))
  const hear = (offMs: number, tookMs = 100, headers: object = { date }) =>
    contact.answered({ sentAtMs: atMs + offMs, receivedAtMs: atMs + offMs + tookMs, headers })
  return { contact, events, hear, trouble: (freshAtMs = 0) => contact.trouble(freshAtMs, atMs) }
}

test.for([
  [dayMs, '86400 s ahead of'],
  [-dayMs, '86400 s behind'],
  [120_000, '120 s ahead of'],
] as const)('a clock that is %i ms off is named, and named good again when it agrees', ([offMs, says]) => {
  const { events, hear, trouble } = aContact()
  hear(offMs)
  expect(trouble()).toEqual({ status: 'clock', why: expect.stringContaining(says) })
  hear(0)
  expect(trouble()).toBeUndefined()
  expect(events).toHaveLength(2)
})

test.for([
  ['clocks that differ by seconds', 9_000, 100, { date }],
  ['an answer that came after a long wait', -1_000, 50_000, { date }],
  ['an answer that lay in a cache', dayMs, 100, { date, age: '86400' }],
  ['an answer without a date', dayMs, 100, {}],
  ['a date that is none', dayMs, 100, { date: 'yesterday' }],
] as const)('%s accuse no clock', ([, offMs, tookMs, headers]) => {
  const { hear, trouble } = aContact()
  hear(offMs, tookMs, headers)
  expect(trouble()).toBeUndefined()
})

test('a policy that was signed in the future shows a clock that is behind, without any answer', () => {
  const { trouble } = aContact()
  expect(trouble(atMs + 10_000)).toBeUndefined()
  expect(trouble(atMs + dayMs)).toEqual({ status: 'clock', why: expect.stringContaining('86400 s behind') })
})

test('a plane that the control plane does not know says so and what to do, until it is known', () => {
  const { contact, trouble } = aContact()
  contact.refused('unauthenticated')
  expect(trouble()).toBeUndefined()
  contact.refused('unknown_plane')
  expect(trouble()).toEqual({ status: 'unknown', why: expect.stringContaining('bir plane invite') })
  contact.accepted()
  expect(trouble()).toBeUndefined()
})

test('a certificate whose time is not now makes one ask for the clock, and other faults are named', () => {
  const fault = (code: string) => Object.assign(new Error('x'), { code })
  expect(silenceText(fault('CERT_NOT_YET_VALID'), atMs)).toMatch(/certificate .* by the clock of this plane it is 2026-11-22T09:00:00.000Z/)
  expect(silenceText(fault('ECONNREFUSED'), atMs)).toBe('the control plane does not answer: ECONNREFUSED')
})
