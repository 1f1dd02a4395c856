import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../runtime/log.ts'
import { ControlError } from '../control/client.ts'
import type { ControlClient } from '../control/client.ts'
import type { PolicyFeed } from './feed.ts'

const maxWaitS = 25
const maxBackOffMs = 10_000

/** Polls the control plane for newer policies until the signal aborts. While it is away, the policy in force stays. */
export async function poll(feed: PolicyFeed, control: ControlClient, log: Log, signal: AbortSignal): Promise<void> {
  let failures = 0
  // The first answer must come at once: a policy from disk may be too old to allow destructive calls.
  let waitS = 0
  while (!signal.aborted) {
    try {
      const { bytes } = await control.get(`/snapshot?have=${feed.held?.revision ?? 0}&wait=${waitS}&${feed.heldQuery}`, signal)
      feed.heard(true)
      await feed.answer(bytes)
      waitS = maxWaitS
      if (failures > 0) log('info', 'the control plane answers again')
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures++
      if (error instanceof ControlError) feed.heard(isAnswer(error))
      if (failures === 1 || failures % 30 === 0) log('warn', 'no policy from the control plane', { why: String(error), failures })
      // An abort ends the wait; the loop then ends too.
      await wait(Math.min(maxBackOffMs, 100 * 2 ** Math.min(failures, 10)), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** A control plane that is out of order renews no token either. */
const isAnswer = ({ status }: ControlError): boolean => status !== undefined && status < 500
