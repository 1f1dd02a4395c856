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
    const json = secretIn(ports, () => plainly(jsonOf(result), () => result.value))
    if (json === undefined) return result
    return { value: JSON.parse(json) as UpstreamResult['value'], ...(result.ownState && { ownState: result.ownState }) }
  }
}

export function scrubNotification(ports: Needs, notification: Notification): Notification {
  const json = secretIn(ports, () => plainly(messageOf(notification), () => ({ method: notification.method, params: notification.params })))
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
  let json: string | undefined
  let found = false
  for (const secret of secretsInUse()) {
    if (secret.length < shortest) continue
    json ??= jsonOf()
    const written = JSON.stringify(secret).slice(1, -1)
    if (!json.includes(written)) continue
    json = json.replaceAll(written, hidden)
    found = true
  }
  return found ? json : undefined
}

/** A sender may write any character as an escape, a slash most often: where it did, what is looked through is our own writing of it. */
const plainly = (json: string, value: () => object): string => (/\\[/u]/.test(json) ? JSON.stringify(value()) : json)
