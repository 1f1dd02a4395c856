export interface LongestTurn {
  /** By the clock: what a caller would have waited. Other processes' turns on the same core are in it. */
  wallMs: number
  /** By the thread's own CPU time: what our code did. */
  cpuMs: number
}

/**
 * The longest turn of the event loop while `work` runs, its last one included. (`monitorEventLoopDelay` leaves out a turn that
 * has not ended when it is read: a change applied in one single turn looked like none.)
 */
export async function longestTurn(work: () => Promise<void>): Promise<LongestTurn> {
  const longest = { wallMs: 0, cpuMs: 0 }
  const done = new AbortController()
  let before = await nextTurn()
  const watch = (async () => {
    while (!done.signal.aborted) {
      const now = await nextTurn()
      longest.wallMs = Math.max(longest.wallMs, now.wallMs - before.wallMs)
      longest.cpuMs = Math.max(longest.cpuMs, now.cpuMs - before.cpuMs)
      before = now
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
