import type { Log } from '../runtime/log.ts'
import { redactText } from './redact.ts'
import type { ServerSecrets } from './in-use.ts'

const maxLength = 2_000

/**
 * A log for whatever has to do with one server: events may quote the server, which may quote what it was sent. Texts
 * are cut after that, not before.
 */
export function hidingLog(log: Log, secrets: Pick<ServerSecrets, 'values'>): Log {
  const hide = (fact: unknown): unknown => {
    if (typeof fact === 'string') return redactText(fact, secrets.values).slice(0, maxLength)
    return Array.isArray(fact) ? fact.map(hide) : fact
  }
  return (level, event, facts = {}) => log(level, event, Object.fromEntries(Object.entries(facts).map(([key, fact]) => [key, hide(fact)])))
}
