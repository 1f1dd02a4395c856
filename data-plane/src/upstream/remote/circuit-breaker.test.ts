import { expect, test } from 'vitest'
import { CircuitBreaker } from './circuit-breaker.ts'

function aBreaker() {
  const clock = { nowMs: 0 }
  const breaker = new CircuitBreaker({ maxFaultsInARow: 3, firstOpenMs: 1000, maxOpenMs: 3000 }, () => clock.nowMs)
  const fail = (times: number) => {
    for (let at = 0; at < times; at++) {
      breaker.recordUnreachable(breaker.enter('alice'))
    }
  }
  return { clock, breaker, fail }
}

test('it opens after the limit of faults in a row, and its error says when it tries again', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(2)
  breaker.enter('alice')
  breaker.recordSuccess()
  fail(3)
  clock.nowMs = 100
  expect(() => breaker.enter('alice')).toThrow(
    expect.objectContaining({ name: 'UpstreamFault', code: 'upstream_down', hint: 'It is tried again in 1 s.', retryable: true }),
  )
})

test('after a while one call may try; its success closes the breaker for all', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(3)
  clock.nowMs = 1000
  breaker.enter('alice')
  expect(() => breaker.enter('alice')).toThrow('not asked')
  breaker.recordSuccess()
  expect(breaker.open).toBe(false)
  for (let at = 0; at < 2; at++) expect(() => breaker.enter('alice')).not.toThrow()
})

test('the failure of that call opens it for longer, up to a limit', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(3)
  const mayEnter = () => {
    try {
      return breaker.enter('alice')
    } catch {
      return undefined
    }
  }
  const openForMs = () => {
    for (let waitedMs = 500; waitedMs < 10_000; waitedMs += 500) {
      clock.nowMs += 500
      const entered = mayEnter()
      if (!entered) continue
      breaker.recordUnreachable(entered)
      return waitedMs
    }
    return Infinity
  }
  expect([openForMs(), openForMs(), openForMs(), openForMs()]).toEqual([1000, 2000, 3000, 3000])
})

test('when that call is cancelled, the next one may try', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(3)
  clock.nowMs = 1000
  breaker.recordNothing(breaker.enter('alice'))
  breaker.enter('alice')
  expect(breaker.open).toBe(true)
})

test('calls that were under way when it opened do not keep it open for longer', () => {
  const { breaker, clock } = aBreaker()
  const underWay = Array.from({ length: 6 }, () => breaker.enter('alice'))
  for (const [at, entered] of underWay.entries()) {
    clock.nowMs = at * 10
    breaker.recordUnreachable(entered)
  }
  // The third fault opened it, for a second.
  clock.nowMs = 1019
  expect(() => breaker.enter('alice')).toThrow('not asked')
  clock.nowMs = 1020
  expect(() => breaker.enter('alice')).not.toThrow()
})

/** Calls of these askers that begin now and run out of time ten seconds later, one after the other. */
function runOut({ breaker, clock }: ReturnType<typeof aBreaker>, ...askers: string[]): void {
  for (const asker of askers) {
    const entered = breaker.enter(asker)
    clock.nowMs += 10_000
    breaker.recordTimeout(entered)
  }
}

test('one asker whose calls run out of time does not open it, and closes nothing for others', () => {
  const it = aBreaker()
  runOut(it, ...Array.from({ length: 20 }, () => 'alice'))
  expect(it.breaker.open).toBe(false)
})

test('a server that hangs for everybody opens it: the gateway, which reads its lists, is enough beside one person', () => {
  const it = aBreaker()
  runOut(it, 'alice', 'alice', 'gateway')
  expect(it.breaker.open).toBe(true)
})

test('nor do calls of many open it that run out of time while others are answered', () => {
  const it = aBreaker()
  for (let at = 0; at < 20; at++) {
    const slow = it.breaker.enter(`person ${at}`)
    it.breaker.enter('somebody')
    it.clock.nowMs += 10_000
    it.breaker.recordSuccess()
    it.breaker.recordTimeout(slow)
  }
  expect(it.breaker.open).toBe(false)
})

test('a server that cannot be reached and calls that run out of time count together', () => {
  const it = aBreaker()
  runOut(it, 'alice', 'alice')
  it.fail(1)
  expect(it.breaker.open).toBe(true)
})

test('a trial that runs out of time keeps it open', () => {
  const it = aBreaker()
  it.fail(3)
  it.clock.nowMs = 1000
  runOut(it, 'alice')
  expect(() => it.breaker.enter('alice')).toThrow('not asked')
})

/** Calls of these askers that the server answers with something that breaks the protocol. */
function answerWrongly({ breaker }: ReturnType<typeof aBreaker>, ...askers: string[]): void {
  for (const asker of askers) breaker.recordWrongAnswer(breaker.enter(asker))
}

test('wrong answers to one asker do not open it; to more than one they do', () => {
  const it = aBreaker()
  answerWrongly(it, ...Array.from({ length: 20 }, () => 'alice'))
  expect(it.breaker.open).toBe(false)
  answerWrongly(it, 'gateway')
  expect(it.breaker.open).toBe(true)
})

test('nobody keeps it open alone: after a trial that was answered wrongly another asker may try at once', () => {
  const it = aBreaker()
  answerWrongly(it, 'alice', 'bob', 'alice')
  expect(() => it.breaker.enter('carol')).toThrow('not asked')
  it.clock.nowMs = 1000
  answerWrongly(it, 'alice')
  expect(() => it.breaker.enter('alice')).toThrow('not asked')
  it.breaker.enter('bob')
  expect(() => it.breaker.enter('carol')).toThrow('not asked')
  it.breaker.recordSuccess()
  expect(it.breaker.open).toBe(false)
})

test('when the trial of the other asker fails too, nobody may try until the pause is over', () => {
  const it = aBreaker()
  answerWrongly(it, 'alice', 'bob', 'alice')
  it.clock.nowMs = 1000
  answerWrongly(it, 'alice', 'bob')
  for (const asker of ['alice', 'bob', 'carol']) expect(() => it.breaker.enter(asker)).toThrow('not asked')
  it.clock.nowMs = 3000
  expect(() => it.breaker.enter('carol')).not.toThrow()
})
