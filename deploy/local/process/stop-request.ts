const parentCheckMs = 500

/** A request to stop this process. */
export interface StopRequest {
  /** Resolves with the exit code once somebody requests the stop. */
  exitCode: Promise<number>
  isStopping(): boolean
}

/** Requests the stop on a signal and, as a parent watchdog, when the parent process has ended. */
export function listenForStop(): StopRequest {
  const { promise: exitCode, resolve } = Promise.withResolvers<number>()
  let isStopping = false
  const stop = () => {
    isStopping = true
    resolve(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  const parentPid = process.ppid
  setInterval(() => process.ppid !== parentPid && stop(), parentCheckMs).unref()
  return { exitCode, isStopping: () => isStopping }
}
