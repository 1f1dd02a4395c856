import { TestRunner } from 'vitest'
import type { RunnerTestCase } from 'vitest'
import { afterFairTime, slowness } from './fair-time.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** For a test that takes longer than others: how long it may take on a machine of its own. */
    patienceMs?: number
  }
}

const patienceMs = 120_000

/**
 * Runs each test with a limit that counts the share of the processors that the test gets, not the clock: on a machine
 * with twenty times the work, a test may last twenty times as long. A test that hangs ends all the same.
 */
export default class FairRunner extends TestRunner {
  private readonly pollPatienceMs = this.config.expect?.poll?.timeout

  async runTask(test: RunnerTestCase): Promise<void> {
    const limitMs = test.meta.patienceMs ?? patienceMs
    const late = Promise.withResolvers<never>()
    const sentence = `The test did not end within ${limitMs / 1000} s, as a machine of its own would count them.`
    const callOff = afterFairTime(limitMs, () => late.reject(new Error(sentence)))
    if (this.config.expect?.poll?.timeout) this.config.expect.poll.timeout = (this.pollPatienceMs ?? 0) * slowness()
    try {
      await Promise.race([TestRunner.getTestFn(test)(), late.promise])
    } finally {
      callOff()
    }
  }
}
