import { isObject } from '../../json/is-object.ts'
import { LONG_CHARS, yieldToEventLoop } from '../../runtime/event-loop.ts'
import { withScalars } from '../../json/scan.ts'
import { VerbatimJson } from '../../json/verbatim.ts'
import { jsonOf, UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import type { Filter } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import { messageOf } from '../../protocol/notification.ts'
import type { Notification } from '../../protocol/notification.ts'

type Fields = Readonly<Record<string, unknown>>
type Needs = Pick<Ports, 'secretsInUse'>

/** An object and how it was written, free of secrets. */
interface Clean {
  readonly value: Fields
  readonly source: VerbatimJson
}

const shortest = 6
const hidden = '•••'
/** Of a long text, some 5 ms each where it is the longest. */
const secretsATurn = 4

/** No secret the gateway put into a call may come back, whatever a server echoes and wherever: result, notification or error. */
export function redactSecrets(ports: Needs): Filter<object, UpstreamResult> {
  return function scrub(result) {
    const { value, source, ownState } = result
    const kept = ownState && { ownState }
    if (source && source.maxLength >= LONG_CHARS) return scrubLong(ports, result).then((clean) => (clean ? { ...clean, ...kept } : result))
    const clean = without(ports, value, () => jsonOf(result))
    return clean ? { ...clean, ...kept } : result
  }
}

/** The same in several turns of the event loop: a plane may hold a hundred secrets, and each is looked for in the whole text. */
async function scrubLong(ports: Needs, result: UpstreamResult): Promise<Clean | undefined> {
  const secrets = secretsOf(ports)
  if (secrets.length === 0) return undefined
  const json = jsonOf(result)
  await yieldToEventLoop()
  const looked = plainly(json, result.value)
  const found: string[] = []
  for (const [index, secret] of secrets.entries()) {
    if (index % secretsATurn === 0) await yieldToEventLoop()
    if (looked.includes(inJson(secret))) found.push(secret)
  }
  return found.length === 0 ? undefined : cleaned(json, found)
}

export function redactNotification(ports: Needs, notification: Notification): Notification {
  const { method, params } = notification
  const clean = without(ports, { method, params }, () => messageOf(notification))
  if (!clean) return notification
  const { value, source } = clean
  const said = { method: String(value['method']) }
  return isObject(value['params']) ? { ...said, params: value['params'], source: source.at('params') } : said
}

/** A server's own error, fit for the record and the caller. */
export function redactError(ports: Needs, error: unknown): unknown {
  if (!(error instanceof UpstreamRpcError)) return error
  const { code, message, data, source } = error
  const said = { message, data }
  const clean = without(ports, said, () => source?.toJson(said) ?? JSON.stringify(said))
  return clean ? new UpstreamRpcError(code, String(clean.value['message']), clean.value['data'], clean.source) : error
}

/** The object with every secret hidden; undefined where there is none, which costs nothing while no secret is in use. */
function without(ports: Needs, value: Fields, jsonOf: () => string): Clean | undefined {
  const secrets = secretsOf(ports)
  if (secrets.length === 0) return undefined
  const json = jsonOf()
  const looked = plainly(json, value)
  const found = secrets.filter((secret) => looked.includes(inJson(secret)))
  return found.length === 0 ? undefined : cleaned(json, found)
}

function secretsOf({ secretsInUse }: Needs): string[] {
  const secrets: string[] = []
  for (const secret of secretsInUse()) if (secret.length >= shortest) secrets.push(secret)
  return secrets
}

const inJson = (secret: string): string => JSON.stringify(secret).slice(1, -1)

/** In what strings mean, not in how they are written: there a line break ends in an n. A number that holds one is no number any more. */
function cleaned(json: string, found: readonly string[]): Clean {
  const hide = (text: string) => found.reduce((left, secret) => left.replaceAll(secret, hidden), text)
  const clean = withScalars(json, hide, (number) => (hide(number) === number ? number : JSON.stringify(hidden)))
  const value = JSON.parse(clean) as Fields
  return { value, source: new VerbatimJson(value, clean) }
}

/** A sender may write any character as an escape, a slash most often: where it did, what is looked through is our own writing of it. */
const plainly = (json: string, value: object): string => (/\\[/u]/.test(json) ? JSON.stringify(value) : json)
