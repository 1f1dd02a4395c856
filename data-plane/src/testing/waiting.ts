import { afterFairTime } from './time/fair-time.ts'

/** Taken before a test can replace the clock. */
const { setTimeout } = globalThis

/** Shorter than a test may take, so that the sentence below is what a failed run shows. */
const patienceMs = 45_000

/**
 * The promise, but for no longer than a test should wait: 45 s of a machine of its own, longer on one with other work.
 * `what` completes the sentence "Waited in vain for …", and the stack points at the line that waited.
 */
export async function within<T>(promise: PromiseLike<T>, what: string, limitMs = patienceMs): Promise<T> {
  const fault = faultAt(within, what)
  const late = Promise.withResolvers<never>()
  const callOff = afterFairTime(limitMs, () => late.reject(fault))
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    callOff()
  }
}

/**
 * Asks again until the condition holds. For hooks and helpers: inside a test, `expect.poll` shows the value too.
 * `what` completes the sentence "Waited in vain for …".
 */
export async function until(condition: () => boolean | Promise<boolean>, what: string, limitMs = patienceMs): Promise<void> {
  const fault = faultAt(until, what)
  let isLate = false
  const callOff = afterFairTime(limitMs, () => (isLate = true))
  try {
    while (!(await condition())) {
      if (isLate) throw fault
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    callOff()
  }
}

/** Made at the start, when the stack still holds the caller. */
function faultAt(helper: typeof within | typeof until, what: string): Error {
  const fault = new Error(`Waited in vain for ${what}.`)
  Error.captureStackTrace(fault, helper)
  return fault
}
