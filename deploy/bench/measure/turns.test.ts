import { expect, test } from 'vitest'
import { longestTurn } from './turns.ts'

const busy = (ms: number) => {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

test('a stall counts even when it is the only turn of the event loop', async () => {
  const { wallMs } = await longestTurn(async () => busy(50))
  expect(wallMs).toBeGreaterThanOrEqual(50)
})

test('a blocking wait takes no CPU time', async () => {
  const { cpuMs } = await longestTurn(async () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
  })
  expect(cpuMs).toBeLessThan(60)
})
