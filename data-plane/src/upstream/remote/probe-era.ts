import { isObject } from '../../json/is-object.ts'
import type { Timers } from '../../runtime/timers.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { GATEWAY_IDENTITY } from '../../protocol/facts/gateway-identity.ts'
import { LATEST_LEGACY } from '../../protocol/versions.ts'
import { asError } from '../as-error.ts'
import { eraUnknownFault, isNoConnection, UnaskedFault } from '../faults.ts'
import { UpstreamFault } from '../upstream.ts'
import { refusesCredential } from '../status-fault.ts'
import { exchange } from '../http/exchange.ts'
import type { ExchangeAnswer } from '../http/types.ts'
import { modernBody, modernHeaders, GATEWAY_CLIENT } from '../modern/request.ts'
import type { RemoteConnection } from '../http/connection.ts'
import { offersSse } from './offers-sse.ts'
import { legacyVersionOf, verdictOf } from './era-verdict.ts'
import type { Era } from './era-verdict.ts'

const maxProbeMs = 10_000
/** A server that has not answered `server/discover` by then is asked to initialize, while the answer may still come. */
const maxPatienceMs = 3000
/** A stream that has not named an endpoint by then may be one of Streamable HTTP, or that of a slow server. */
const maxSilenceMs = 2000

export interface ProbeOptions {
  /** False leaves an answer that proves no era without a second question. */
  readonly mayInitialize?: boolean
  /** For tests: how long `server/discover` may stay without an answer before the second question. */
  readonly patienceMs?: number | undefined
}

/**
 * Asks a server for its era: by `server/discover`, and by `initialize` when that is not answered as the protocol says.
 * Servers of the legacy era may do anything with a method they do not know: fail, hang, or close the connection. Both
 * questions together take no longer than one may. Where POST is answered as by no MCP server, a GET tells whether it
 * speaks the HTTP+SSE transport. Rejects with `UpstreamFault` when neither answer tells the era now.
 */
export async function probeEra(connection: RemoteConnection, { mayInitialize = true, patienceMs }: ProbeOptions = {}): Promise<Era> {
  const limitMs = Math.min(maxProbeMs, connection.callTimeoutMs)
  const endsMs = performance.now() + limitMs
  const cancel = new Cancel()
  const discovered = discover(connection, endsMs, cancel)
  if (!mayInitialize) return discovered
  const first = await settledWithin(discovered, Math.min(patienceMs ?? maxPatienceMs, limitMs / 2), connection.pool.timers)
  if (typeof first === 'string') return first
  if (first && !mayBeLegacy(first)) throw first
  const initialized = initialize(connection, timeLeftMs(endsMs), cancel)
  try {
    return await Promise.any([discovered, initialized])
  } catch {
    const fault = eraUnknownFault(await errorOf(discovered), await errorOf(initialized))
    if (fault.code === 'upstream_down' && (await offersSse(connection, timeLeftMs(endsMs), cancel))) return 'sse'
    throw fault
  } finally {
    cancel.abort(new Error('the era is known'))
  }
}

const timeLeftMs = (endsMs: number): number => Math.max(0, Math.ceil(endsMs - performance.now()))

const errorOf = (failed: Promise<unknown>): Promise<Error> => failed.then(() => new Error('no failure'), asError)

/** The outcome of the promise; undefined when it is still pending after `waitMs`. */
async function settledWithin<T>(promise: Promise<T>, waitMs: number, timers: Timers): Promise<T | Error | undefined> {
  const late = Promise.withResolvers<undefined>()
  const stop = timers.after(waitMs, () => late.resolve(undefined))
  return Promise.race([promise.catch(asError), late.promise]).finally(stop)
}

/** A second question can only help when something was there to answer the first. */
const mayBeLegacy = (error: Error): boolean =>
  error instanceof UpstreamFault && error.code !== 'secret_missing' && !(error instanceof UnaskedFault) && !isNoConnection(error)

async function discover(connection: RemoteConnection, endsMs: number, cancel: Cancel): Promise<Era> {
  const body = modernBody({ id: 1, method: 'server/discover', params: {}, client: GATEWAY_CLIENT })
  const { status, message } = await ask(connection, body, modernHeaders('server/discover', {}), timeLeftMs(endsMs), cancel)
  const era = verdictOf(status, message)
  if (era === 'modern' || isAnswer(message)) return era
  const enough = new Cancel()
  const unsubscribe = cancel.subscribe((cause) => enough.abort(cause))
  try {
    const offered = offersSse(connection, timeLeftMs(endsMs), enough)
    if ((await settledWithin(offered, maxSilenceMs, connection.pool.timers)) === false) return era
    // A server may offer both transports at one address: then the newer one is used.
    return await initialize(connection, timeLeftMs(endsMs), cancel).catch(async () => ((await offered) ? 'sse' : era))
  } finally {
    unsubscribe()
    enough.abort(new Error('the era is known'))
  }
}

async function initialize(connection: RemoteConnection, timeoutMs: number, cancel: Cancel): Promise<Era> {
  const params = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo: GATEWAY_IDENTITY }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
  const { status, headers, message } = await ask(connection, body, legacyHeaders, timeoutMs, cancel)
  const version = legacyVersionOf(status, message)
  const sessionId = headers['mcp-session-id']
  if (typeof sessionId === 'string') endSession(connection, { 'mcp-session-id': sessionId, 'mcp-protocol-version': version })
  return 'legacy'
}

/** The probe needs no session. A server that is not told ends it by itself. */
function endSession(connection: RemoteConnection, sessionHeaders: Readonly<Record<string, string>>): void {
  const { pool, url, settings, callTimeoutMs } = connection
  const ended = Promise.resolve(connection.headers.get()).then((headers) =>
    exchange(pool, {
      url,
      method: 'DELETE',
      headers: { ...headers, ...sessionHeaders },
      maxBytes: settings.maxResponseBytes,
      timeoutToHeadersMs: Math.min(maxProbeMs, callTimeoutMs),
      timeoutMs: Math.min(maxProbeMs, callTimeoutMs),
      onEvent: () => 'stop',
    }),
  )
  ended.catch(() => undefined)
}

const legacyHeaders = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'accept-encoding': 'identity',
}

type Said = Pick<ExchangeAnswer, 'status' | 'headers'> & { readonly message: unknown }

async function ask(
  { pool, url, headers, settings }: RemoteConnection,
  body: string,
  ownHeaders: Readonly<Record<string, string>>,
  timeoutMs: number,
  cancel: Cancel,
): Promise<Said> {
  let eventText = ''
  const answer = await exchange(pool, {
    url,
    method: 'POST',
    headers: { ...(await headers.get()), ...ownHeaders },
    body,
    cancel,
    maxBytes: settings.maxResponseBytes,
    timeoutToHeadersMs: timeoutMs,
    timeoutMs,
    maxEvents: 100,
    onEvent: ({ data }) => {
      if (!isAnswer(parseJson(data))) return undefined
      eventText = data
      return 'stop'
    },
  })
  if (refusesCredential(answer.status)) headers.forget()
  return { status: answer.status, headers: answer.headers, message: parseJson(answer.kind === 'json' ? answer.text : eventText) }
}

/** Whether this is the answer of an MCP server, of any era. Notifications may come before it. */
const isAnswer = (message: unknown): boolean => isObject(message) && (isObject(message['result']) || isObject(message['error']))

/** Undefined for text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
