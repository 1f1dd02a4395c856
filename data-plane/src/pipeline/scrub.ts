import { isObject } from '../mcp/json-rpc.ts'
import { withPlainStrings } from '../upstream/json-text.ts'
import { Spelling } from '../upstream/spelling.ts'
import { jsonOf, messageOf, UpstreamRpcError } from '../upstream/upstream.ts'
import type { Notification, UpstreamResult } from '../upstream/upstream.ts'
import type { Filter } from './pipeline.ts'
import type { Ports } from './ports.ts'

type Fields = Readonly<Record<string, unknown>>
type Needs = Pick<Ports, 'secretsInUse'>

/** An object and how it was written, free of secrets. */
interface Clean {
  readonly value: Fields
  readonly written: Spelling
}

const shortest = 6
const hidden = '•••'

/** No secret the gateway put into a call may come back, whatever a server echoes and wherever: result, notification or error. */
export function scrub(ports: Needs): Filter<object, UpstreamResult> {
  return function scrub(result) {
    const clean = without(ports, result.value, () => jsonOf(result))
    return clean ? { ...clean, ...(result.ownState && { ownState: result.ownState }) } : result
  }
}

export function scrubNotification(ports: Needs, notification: Notification): Notification {
  const { method, params } = notification
  const clean = without(ports, { method, params }, () => messageOf(notification))
  if (!clean) return notification
  const { value, written } = clean
  const said = { method: String(value['method']) }
  return isObject(value['params']) ? { ...said, params: value['params'], written: written.at('params') } : said
}

/** A server's own error, fit for the record and the caller. */
export function scrubError(ports: Needs, error: unknown): unknown {
  if (!(error instanceof UpstreamRpcError)) return error
  const { code, message, data, written } = error
  const said = { message, data }
  const clean = without(ports, said, () => written?.respell(said) ?? JSON.stringify(said))
  return clean ? new UpstreamRpcError(code, String(clean.value['message']), clean.value['data'], clean.written) : error
}

/** The object with every secret hidden; undefined where there is none, which costs nothing while no secret is in use. */
function without({ secretsInUse }: Needs, value: Fields, jsonOf: () => string): Clean | undefined {
  let json: string | undefined
  let looked: string | undefined
  let clean: string | undefined
  for (const secret of secretsInUse()) {
    if (secret.length < shortest) continue
    json ??= jsonOf()
    looked ??= plainly(json, value)
    const written = JSON.stringify(secret).slice(1, -1)
    if (looked.includes(written)) clean = (clean ?? withPlainStrings(json)).replaceAll(written, hidden)
  }
  return clean === undefined ? undefined : cleanOf(clean)
}

function cleanOf(json: string): Clean {
  const value = JSON.parse(json) as Fields
  return { value, written: new Spelling(value, json) }
}

/** A sender may write any character as an escape, a slash most often: where it did, what is looked through is our own writing of it. */
const plainly = (json: string, value: object): string => (/\\[/u]/.test(json) ? JSON.stringify(value) : json)
