import type { SessionMisuse } from '@bir/sdk/contract/internal'
import { LRUCache } from 'lru-cache'
import type { Log } from '../runtime/log.ts'
import { ControlError } from './client.ts'
import type { ControlClient } from './client.ts'

const maxTold = 10_000

/**
 * Has the control plane end sessions whose token was used by somebody to whom it was not issued. Each is told once;
 * one that could not be told is told again at its next misuse.
 */
export function misuseReporter({ control, log }: { control: Pick<ControlClient, 'post'>; log: Log }) {
  const told = new LRUCache<string, true>({ max: maxTold })

  return function misused(sessionId: string, reason: SessionMisuse['reason']): void {
    if (told.has(sessionId)) return
    told.set(sessionId, true)
    const body: SessionMisuse = { reason }
    control.post(`/sessions/${encodeURIComponent(sessionId)}/end`, JSON.stringify(body)).catch((error: unknown) => {
      // A control plane of an earlier version ends no session for this.
      if (error instanceof ControlError && error.status === 404) return
      told.delete(sessionId)
      log('warn', 'a session whose token was misused could not be ended', { why: String(error) })
    })
  }
}
