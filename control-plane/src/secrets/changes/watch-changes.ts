import { setTimeout as wait } from 'node:timers/promises'
import { errorText } from '../../base/log.ts'
import type { Log } from '../../base/log.ts'
import { StoreFault } from '../stores/store.ts'
import type { ConsulKv } from '../stores/consul/consul-client.ts'

export interface ChangeWatch {
  stop(): Promise<void>
}

interface WatchParts {
  kv: ConsulKv
  prefix: string
  /** Looks at everything below the prefix. Runs at the start, and after each change; never twice at once. */
  look: (signal: AbortSignal) => Promise<void>
  log: Log
  /** How long one question to Consul may stay open, and the longest pause after a failure. */
  times?: { waitMs: number; maxPauseMs: number }
}

const defaultTimes = { waitMs: 5 * 60_000, maxPauseMs: 60_000 }
const shortestPauseMs = 1_000
/** A look takes at most this part of the time. */
const share = 10

/**
 * Waits for changes below the prefix by a blocking query (Consul HTTP API, "Blocking Queries"), and has them looked at.
 * Changes that come while it looks are one change. It outlives Consul's outages: the pause doubles, and the log says
 * when one begins and ends.
 */
export function watchChanges({ kv, prefix, look, log, times = defaultTimes }: WatchParts): ChangeWatch {
  const ended = new AbortController()
  const { signal } = ended
  const pause = (ms: number) => wait(ms, undefined, { signal }).catch(() => undefined)

  async function follow(): Promise<void> {
    let index = '0'
    let failures = 0
    while (!signal.aborted) {
      try {
        const now = await kv.waitForChange(prefix, { index, waitMs: times.waitMs, signal })
        const beganMs = performance.now()
        if (now !== index) await look(signal)
        if (failures > 0) log('info', 'consul-watched-again')
        failures = 0
        // An index that fell is of a Consul that was set back. Zero would not wait.
        index = now === '0' ? '1' : now
        await pause(Math.max(shortestPauseMs, (performance.now() - beganMs) * share))
      } catch (error) {
        if (signal.aborted) return
        if (failures === 0) log('warn', 'consul-not-watched', { why: error instanceof StoreFault ? error.message : errorText(error) })
        failures += 1
        index = '0'
        await pause(Math.min(times.maxPauseMs, shortestPauseMs * 2 ** Math.min(failures - 1, 16)) * (0.5 + Math.random() / 2))
      }
    }
  }

  const following = follow()
  return {
    async stop() {
      ended.abort()
      await following
    },
  }
}
