import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairOrder } from './fair-order.ts'
import type { FairLimits } from './fair-order.ts'

const roomy = { places: 4, maxWaiting: 100, maxWaitingPerPerson: 100 }

/** Everything whose turn it is now. */
function served(order: FairOrder<string>): string[] {
  const entries: string[] = []
  for (let entry = order.next(); entry !== undefined; entry = order.next()) entries.push(entry)
  return entries
}

function anOrder(limits: FairLimits, entries: string[]): FairOrder<string> {
  const order = new FairOrder<string>(limits)
  for (const entry of entries) expect(order.join(entry[0] ?? '', entry)).toBeUndefined()
  return order
}

test.for([
  ['one person leaves the last place free', 4, ['a1', 'a2', 'a3', 'a4'], ['a1', 'a2', 'a3']],
  ['two busy people leave the last place free', 4, ['a1', 'a2', 'b1', 'b2', 'a3'], ['a1', 'b1', 'a2']],
  ['whoever holds none gets the last place', 4, ['a1', 'a2', 'a3', 'a4', 'b1'], ['a1', 'b1', 'a2']],
  ['people of whom each has one fill all places', 4, ['a1', 'b1', 'c1', 'd1', 'e1'], ['a1', 'b1', 'c1', 'd1']],
  ['of two places a person holds one', 2, ['a1', 'a2'], ['a1']],
  ['the only place goes to anybody', 1, ['a1', 'a2', 'b1'], ['a1']],
] as const)('%s', ([, places, entries, expected]) => {
  expect(served(anOrder({ ...roomy, places }, [...entries]))).toEqual(expected)
})

test('people take turns, however many entries each has, and each in the order they came', () => {
  const order = anOrder({ ...roomy, places: 1 }, ['a1', 'a2', 'a3', 'b1', 'c1', 'c2'])
  const turns: string[] = []
  for (let entry = order.next(); entry !== undefined; entry = order.next()) {
    turns.push(entry)
    order.free(entry[0] ?? '')
  }
  expect(turns).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
})

test('who comes new has a turn before the second turn of who came earlier', () => {
  const order = anOrder({ ...roomy, places: 1 }, ['a1', 'a2', 'a3'])
  expect(served(order)).toEqual(['a1'])
  for (const entry of ['b1', 'b2', 'c1']) order.join(entry[0] ?? '', entry)
  const turns: string[] = []
  for (let last = 'a1'; last; last = order.next() ?? '') {
    turns.push(last)
    order.free(last[0] ?? '')
  }
  expect(turns).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

test('an entry that left has no turn, and leaves room for another', () => {
  const order = anOrder({ places: 1, maxWaiting: 8, maxWaitingPerPerson: 2 }, ['b1', 'a1', 'a2'])
  expect(served(order)).toEqual(['b1'])
  expect(order.join('a', 'a3')).toBe('person')
  expect(order.leave('a', 'a1')).toBe(true)
  expect(order.leave('a', 'a1')).toBe(false)
  expect(order.join('a', 'a3')).toBeUndefined()
  order.free('b')
  expect(served(order)).toEqual(['a2'])
})

test('the last quarter of the room to wait is kept for people of whom nothing waits', () => {
  const order = anOrder({ places: 1, maxWaiting: 4, maxWaitingPerPerson: 3 }, ['x1'])
  served(order)
  expect(['a1', 'a2', 'a3', 'a4'].map((entry) => order.join('a', entry))).toEqual([undefined, undefined, undefined, 'person'])
  expect(order.join('x', 'x2')).toBeUndefined()
  expect(order.join('x', 'x3')).toBe('all')
  expect(order.join('b', 'b1')).toBe('all')
  expect([order.waitingCount, order.peopleWaiting]).toEqual([4, 2])
})

test('a person who may have a place at once is let in, however full the queue is', () => {
  const order = anOrder({ places: 2, maxWaiting: 1, maxWaitingPerPerson: 1 }, ['a1'])
  expect(served(order)).toEqual(['a1'])
  expect(order.join('a', 'a2')).toBeUndefined()
  expect(order.join('b', 'b1')).toBeUndefined()
  expect(served(order)).toEqual(['b1'])
})

test('a place that nobody holds cannot be given back', () => {
  const order = anOrder(roomy, ['a1'])
  expect(() => order.free('a')).toThrow('nobody holds')
})

type Step = readonly ['join' | 'leave' | 'end', number, number]
const steps = fc.array(fc.tuple(fc.constantFrom<Step[0]>('join', 'join', 'leave', 'end'), fc.nat(2), fc.nat(40)), {
  minLength: 40,
  maxLength: 300,
})
const limits = fc.record({
  places: fc.integer({ min: 1, max: 5 }),
  maxWaiting: fc.integer({ min: 1, max: 20 }),
  maxWaitingPerPerson: fc.integer({ min: 1, max: 8 }),
})

/** Runs the steps as a queue would, and holds every guarantee after each. */
class Watched {
  private readonly limits: FairLimits
  private readonly order: FairOrder<number>
  private readonly waiting: { person: string; entry: number }[] = []
  private readonly running: { person: string; entry: number }[] = []
  /** How many turns went to others while this person waited and held nothing. */
  private readonly passedOver = new Map<string, number>()
  private newest = 0

  constructor(limits: FairLimits) {
    this.limits = limits
    this.order = new FairOrder(limits)
  }

  take([step, personNumber, pick]: Step): void {
    const person = `p${personNumber}`
    if (step === 'join' && this.order.join(person, ++this.newest) === undefined) this.waiting.push({ person, entry: this.newest })
    if (step === 'leave') this.leave(pick)
    if (step === 'end') this.end(pick)
    for (let entry = this.order.next(); entry !== undefined; entry = this.order.next()) this.start(entry)
    this.check()
  }

  /** Ends what runs, one by one, until nothing waits. */
  finish(): void {
    const turns = this.waiting.length + this.running.length
    for (let turn = 0; turn < turns; turn++) this.take(['end', 0, turn])
    expect(this.waiting).toEqual([])
  }

  private leave(pick: number): void {
    const [gone] = this.waiting.splice(pick % Math.max(this.waiting.length, 1), 1)
    if (gone) expect(this.order.leave(gone.person, gone.entry)).toBe(true)
    if (gone && !this.waitingOf(gone.person)) this.passedOver.delete(gone.person)
  }

  private end(pick: number): void {
    const [ended] = this.running.splice(pick % Math.max(this.running.length, 1), 1)
    if (ended) this.order.free(ended.person)
  }

  private start(entry: number): void {
    const index = this.waiting.findIndex((waiting) => waiting.entry === entry)
    expect(index, 'only what waits is run').toBeGreaterThanOrEqual(0)
    const [started] = this.waiting.splice(index, 1)
    if (!started) return
    this.passedOver.delete(started.person)
    const bypassed = new Set(this.waiting.map(({ person }) => person).filter((person) => this.heldBy(person) === 0))
    bypassed.delete(started.person)
    for (const person of bypassed) this.passedOver.set(person, (this.passedOver.get(person) ?? 0) + 1)
    this.running.push(started)
  }

  private check(): void {
    const { places, maxWaiting, maxWaitingPerPerson } = this.limits
    const people = new Set([...this.waiting, ...this.running].map(({ person }) => person))
    expect(this.running.length).toBeLessThanOrEqual(places)
    expect(this.waiting.length).toBeLessThanOrEqual(maxWaiting)
    expect(this.order.waitingCount).toBe(this.waiting.length)
    for (const person of people) {
      expect(this.heldBy(person)).toBeLessThanOrEqual(Math.max(1, places - 1))
      expect(this.waitingOf(person)).toBeLessThanOrEqual(maxWaitingPerPerson)
      // Three people: each of the two others may have one turn first.
      expect(this.passedOver.get(person) ?? 0, 'turns of others before this one').toBeLessThanOrEqual(2)
      const mustWait = this.running.length === places || this.heldBy(person) > 0
      expect(this.waitingOf(person) === 0 || mustWait, 'who holds none takes a free place').toBe(true)
    }
  }

  private heldBy = (person: string) => this.running.filter((entry) => entry.person === person).length
  private waitingOf = (person: string) => this.waiting.filter((entry) => entry.person === person).length
}

test('whatever happens: bounds hold, what left never runs, nobody waits for more than a turn of each other person, and all is run in the end', () => {
  fc.assert(
    fc.property(limits, steps, (limits, steps) => {
      const watched = new Watched(limits)
      for (const step of steps) watched.take(step)
      watched.finish()
    }),
    { numRuns: 300 },
  )
})
