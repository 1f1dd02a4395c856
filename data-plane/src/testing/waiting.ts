/** Shorter than a test may take, so that the sentence below is what a failed run shows. */
const patienceMs = 45_000

/** Taken before a test can replace the clock. */
const { setTimeout, clearTimeout } = globalThis

/**
 * The promise, but for no longer than a test should wait.
 * `what` completes the sentence "Waited in vain for …", and the stack points at the line that waited.
 */
export async function within<T>(promise: PromiseLike<T>, what: string, limitMs = patienceMs): Promise<T> {
  const fault = faultAt(within, what)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(fault), limitMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Asks again until the condition holds. For hooks and helpers: inside a test, `expect.poll` shows the value too.
 * `what` completes the sentence "Waited in vain for …".
 */
export async function until(condition: () => boolean | Promise<boolean>, what: string, limitMs = patienceMs): Promise<void> {
  const fault = faultAt(until, what)
  const deadlineMs = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw fault
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Made at the start, when the stack still holds the caller. */
function faultAt(helper: typeof within | typeof until, what: string): Error {
  const fault = new Error(`Waited in vain for ${what}.`)
  Error.captureStackTrace(fault, helper)
  return fault
}
