import { expect, test } from 'vitest'
import { CircuitBreaker } from './circuit-breaker.ts'

function aBreaker() {
  const clock = { nowMs: 0 }
  const breaker = new CircuitBreaker({ faults: 3, firstOpenMs: 1000, maxOpenMs: 3000 }, () => clock.nowMs)
  const fail = (times: number) => {
    for (let at = 0; at < times; at++) {
      breaker.enter()
      breaker.failed()
    }
  }
  return { clock, breaker, fail }
}

test('it opens after so many faults in a row, and says when it tries again', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(2)
  breaker.enter()
  breaker.succeeded()
  fail(3)
  clock.nowMs = 100
  expect(() => breaker.enter()).toThrow(
    expect.objectContaining({ name: 'UpstreamFault', code: 'upstream_down', hint: 'It is tried again in 1 s.', retryable: true }),
  )
})

test('when the time is over one may try; its success closes it for all', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(3)
  clock.nowMs = 1000
  breaker.enter()
  expect(() => breaker.enter()).toThrow('not asked')
  breaker.succeeded()
  breaker.enter()
  breaker.enter()
})

test('the failure of the one who tried opens it for longer, up to a limit', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(3)
  const openFor = () => {
    const from = clock.nowMs
    for (;;) {
      clock.nowMs += 500
      try {
        breaker.enter()
      } catch {
        continue
      }
      breaker.failed()
      return clock.nowMs - from
    }
  }
  expect([openFor(), openFor(), openFor(), openFor()]).toEqual([1000, 2000, 3000, 3000])
})

test('who was called off decided nothing: the next may try', () => {
  const { breaker, fail, clock } = aBreaker()
  fail(3)
  clock.nowMs = 1000
  breaker.enter()
  breaker.calledOff()
  breaker.enter()
  expect(breaker.open).toBe(true)
})

test('those who were under way when it opened do not prolong it', () => {
  const { breaker, clock } = aBreaker()
  for (let at = 0; at < 6; at++) breaker.enter()
  for (let at = 0; at < 6; at++) breaker.failed()
  clock.nowMs = 1000
  breaker.enter()
})
