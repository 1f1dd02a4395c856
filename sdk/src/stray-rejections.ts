/** A promise that was rejected while nobody held it, for a log. */
export interface StrayRejection {
  /** The name of the error. Not its message: that may quote a server, a body or a secret. */
  readonly error: string
  readonly code: string | undefined
  /** Where it was made, innermost first. */
  readonly stack: readonly string[]
  /** All since the process started. */
  readonly count: number
}

export interface StrayRejections {
  /** Since the process started. */
  readonly count: number
}

const maxFrames = 8
/** One mistake may be made for every call: the log gets one line a second, with the count of all. */
const logIntervalMs = 1_000

/**
 * Keeps the process alive when a promise is rejected that nobody holds. It is a mistake of ours in one piece of work,
 * and one caller may be able to repeat it at will: to end the process would end the work of all others. What a process
 * cannot do without must therefore say itself when it ends.
 */
export function surviveStrayRejections(report: (rejection: StrayRejection) => void, nowMs: () => number = Date.now): StrayRejections {
  let count = 0
  let loggedMs = Number.NEGATIVE_INFINITY
  process.on('unhandledRejection', (error) => {
    count++
    if (nowMs() - loggedMs < logIntervalMs) return
    loggedMs = nowMs()
    report({ ...factsOf(error), count })
  })
  return {
    get count() {
      return count
    },
  }
}

function factsOf(error: unknown): Omit<StrayRejection, 'count'> {
  if (!(error instanceof Error)) return { error: typeof error, code: undefined, stack: [] }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return { error: error.name, code, stack: frames.slice(0, maxFrames).map((line) => line.trim()) }
}
