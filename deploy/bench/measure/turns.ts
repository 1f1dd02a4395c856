export interface LongestTurn {
  /** By the clock: the time that a caller would wait. It includes the time of other processes on the same core. */
  wallMs: number
  /** By the CPU time of the thread: the time of our code alone. */
  cpuMs: number
}

/**
 * The longest turn of the event loop while `work` runs, the last one included. `monitorEventLoopDelay` does not count
 * a turn that has not ended when it is read, so it would miss work that is done in one turn.
 */
export async function longestTurn(work: () => Promise<void>): Promise<LongestTurn> {
  const longest = { wallMs: 0, cpuMs: 0 }
  const done = new AbortController()
  let previous = await nextTurn()
  const watch = (async () => {
    while (!done.signal.aborted) {
      const now = await nextTurn()
      longest.wallMs = Math.max(longest.wallMs, now.wallMs - previous.wallMs)
      longest.cpuMs = Math.max(longest.cpuMs, now.cpuMs - previous.cpuMs)
      previous = now
    }
  })()
  try {
    await work()
  } finally {
    done.abort()
  }
  await watch
  return longest
}

const nextTurn = () =>
  new Promise<LongestTurn>((resolve) =>
    setImmediate(() => {
      const { user, system } = process.threadCpuUsage()
      resolve({ wallMs: performance.now(), cpuMs: (user + system) / 1000 })
    }),
  )
