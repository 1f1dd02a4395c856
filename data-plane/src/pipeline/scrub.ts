import { jsonOf, messageOf, UpstreamRpcError } from '../upstream/upstream.ts'
import type { Notification, UpstreamResult } from '../upstream/upstream.ts'
import type { Filter } from './pipeline.ts'
import type { Ports } from './ports.ts'

type Needs = Pick<Ports, 'secretsInUse'>

const shortest = 6
const hidden = '•••'

/** No secret the gateway put into a call may come back, whatever a server echoes and wherever: result, notification or error. */
export function scrub(ports: Needs): Filter<object, UpstreamResult> {
  return function scrub(result) {
    const json = secretIn(ports, () => jsonOf(result))
    if (json === undefined) return result
    return { value: JSON.parse(json) as UpstreamResult['value'], ...(result.ownState && { ownState: result.ownState }) }
  }
}

export function scrubNotification(ports: Needs, notification: Notification): Notification {
  const json = secretIn(ports, () => messageOf(notification))
  if (json === undefined) return notification
  const { method, params } = JSON.parse(json) as Notification
  return params === undefined ? { method } : { method, params }
}

/** A server's own error, fit for the record and the caller. */
export function scrubError(ports: Needs, error: unknown): unknown {
  if (!(error instanceof UpstreamRpcError)) return error
  const { code, message, data } = error
  const json = secretIn(ports, () => JSON.stringify({ message, data }))
  if (json === undefined) return error
  const clean = JSON.parse(json) as { message: string; data?: unknown }
  return new UpstreamRpcError(code, clean.message, clean.data)
}

/** The JSON with every secret hidden; undefined where there is none, which costs nothing while no secret is in use. */
function secretIn({ secretsInUse }: Needs, jsonOf: () => string): string | undefined {
  const written = [...secretsInUse()].filter(({ length }) => length >= shortest).map((secret) => JSON.stringify(secret).slice(1, -1))
  if (written.length === 0) return undefined
  const json = jsonOf()
  const found = written.filter((secret) => json.includes(secret))
  return found.length === 0 ? undefined : found.reduce((text, secret) => text.replaceAll(secret, hidden), json)
}
