import type { Ports } from '../call/ports.ts'
import { endSessionById } from './end.ts'

const defaultMs = 60_000

/** Ends the sessions of this plane that have been idle for longer than the policy allows. */
export function endIdleSessions(ports: Pick<Ports, 'sessions' | 'upstream' | 'policy'>, everyMs: number = defaultMs): { close(): void } {
  const timer = setInterval(() => {
    if (ports.sessions.size === 0) return
    const { sessionIdleMs } = ports.policy.current().settings
    for (const id of ports.sessions.idle(sessionIdleMs, Date.now())) endSessionById(ports, id)
  }, everyMs).unref()
  return { close: () => clearInterval(timer) }
}
