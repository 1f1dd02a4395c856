import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../runtime/log.ts'
import { ControlError } from '../control/client.ts'
import type { ControlClient } from '../control/client.ts'
import type { PolicyFeed } from './feed.ts'

const maxBackOffMs = 10_000

/** How long a poll is waited for. */
export interface Patience {
  /** How long the control plane is asked to wait for a newer policy. Then it answers all the same. */
  maxWaitS: number
  /** How much later than that an answer may come before the control plane counts as away. */
  graceMs: number
  /** A poll is given up no earlier than this: a busy control plane may need so long for the first answer. */
  minMs: number
}

const usualPatience: Patience = { maxWaitS: 25, graceMs: 5_000, minMs: 15_000 }

/**
 * Polls the control plane for newer policies until the signal aborts. While it is away, the policy in force stays. A
 * control plane that takes the connection and says nothing, such as one that is frozen, is away as well.
 */
export async function poll(
  feed: PolicyFeed,
  control: ControlClient,
  log: Log,
  signal: AbortSignal,
  { maxWaitS, graceMs, minMs }: Patience = usualPatience,
): Promise<void> {
  let failures = 0
  // The first answer must come at once: a policy from disk may be too old to allow destructive calls.
  let waitS = 0
  while (!signal.aborted) {
    const dueMs = waitS * 1000 + graceMs
    const overdue = setTimeout(() => feed.heard(false), dueMs)
    const givenUp = AbortSignal.any([signal, AbortSignal.timeout(Math.max(dueMs, minMs))])
    try {
      const path = `/snapshot?have=${feed.held?.revision ?? 0}&wait=${waitS}&${feed.heldQuery}`
      const { bytes } = await control.get(path, givenUp).finally(() => clearTimeout(overdue))
      feed.heard(true)
      await feed.answer(bytes)
      waitS = maxWaitS
      if (failures > 0) log('info', 'the control plane answers again')
      failures = 0
    } catch (error) {
      if (signal.aborted) return
      failures++
      // Once it is back, that is known at once.
      waitS = 0
      if (error instanceof ControlError) feed.heard(isAnswer(error))
      if (failures === 1 || failures % 30 === 0) log('warn', 'no policy from the control plane', { why: String(error), failures })
      // An abort ends the wait; the loop then ends too.
      await wait(Math.min(maxBackOffMs, 100 * 2 ** Math.min(failures, 10)), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** A control plane that is out of order renews no token either. */
const isAnswer = ({ status }: ControlError): boolean => status !== undefined && status < 500
