import type { Ports } from '../call/ports.ts'
import { endSessionById } from './end.ts'

const usualMs = 60_000

/** Ends the sessions whose home this plane is and that were not used for longer than the policy lets them. */
export function endIdleSessions(ports: Pick<Ports, 'sessions' | 'upstream' | 'policy'>, everyMs: number = usualMs): { close(): void } {
  const timer = setInterval(() => {
    if (ports.sessions.size === 0) return
    const { sessionIdleMs } = ports.policy.current().settings
    for (const id of ports.sessions.idle(sessionIdleMs, Date.now())) endSessionById(ports, id)
  }, everyMs).unref()
  return { close: () => clearInterval(timer) }
}
