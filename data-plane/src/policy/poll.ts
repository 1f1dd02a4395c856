import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../runtime/log.ts'
import type { ControlClient } from '../control/client.ts'
import type { PolicyFeed } from './feed.ts'

const maxWaitS = 25
const maxBackOffMs = 10_000

/** Asks the control plane for what is newer, for ever; while it is away the policy in force stays in force. */
export async function poll(feed: PolicyFeed, control: ControlClient, log: Log, signal: AbortSignal): Promise<void> {
  let failures = 0
  // The first word is wanted at once: a policy from disk may be too old to destroy by.
  let waitS = 0
  while (!signal.aborted) {
    try {
      const { bytes } = await control.get(`/snapshot?have=${feed.held?.revision ?? 0}&wait=${waitS}`, signal)
      await feed.answer(bytes)
      waitS = maxWaitS
      if (failures > 0) log('info', 'the control plane answers again')
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures++
      if (failures === 1 || failures % 30 === 0) log('warn', 'no policy from the control plane', { why: String(error), failures })
      await wait(Math.min(maxBackOffMs, 100 * 2 ** Math.min(failures, 10)), undefined, { signal }).catch(() => undefined) // the loop sees the abort
    }
  }
}
