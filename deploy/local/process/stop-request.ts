const parentCheckMs = 500

/** A request to stop this process. */
export interface StopRequest {
  /** Resolves with the exit code once somebody requests the stop. */
  exitCode: Promise<number>
  /** Requests the stop. A second request changes nothing. */
  stop(exitCode: number): void
  isStopping(): boolean
}

/** Requests the stop on a signal and, as a parent watchdog, when the parent process has ended. */
export function listenForStop(): StopRequest {
  const { promise: exitCode, resolve } = Promise.withResolvers<number>()
  let isStopping = false
  const stop = (code: number) => {
    isStopping = true
    resolve(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0))
  const parentPid = process.ppid
  setInterval(() => process.ppid !== parentPid && stop(0), parentCheckMs).unref()
  return { exitCode, stop, isStopping: () => isStopping }
}
