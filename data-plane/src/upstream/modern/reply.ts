import { isObject } from '../../json/is-object.ts'
import { LONG_CHARS, yieldToEventLoop } from '../../runtime/event-loop.ts'
import { protocolFault } from '../faults.ts'
import { isTooDeep, membersOf, MAX_LEVELS } from '../../json/scan.ts'
import { VerbatimJson } from '../../json/verbatim.ts'
import { UpstreamRpcError } from '../upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Notification } from '../../protocol/notification.ts'

/** One message of a server, in the HTTP exchange of one request. */
export type Reply =
  | { readonly kind: 'result'; readonly value: Readonly<Record<string, unknown>>; readonly source: VerbatimJson }
  /** `withoutId`: an error for a request the server could not read. */
  | { readonly kind: 'error'; readonly error: UpstreamRpcError; readonly withoutId: boolean }
  | { readonly kind: 'notification'; readonly notification: Notification }

/**
 * Reads a message; a long one in several turns of the event loop. Throws `UpstreamFault` for anything but a
 * notification or the answer to request `id`.
 */
export function readReply(text: string, id: number): Awaitable<Reply> {
  return text.length < LONG_CHARS ? replyOf(parseJson(text), text, id) : readLong(text, id)
}

async function readLong(text: string, id: number): Promise<Reply> {
  await yieldToEventLoop()
  const message = parseJson(text)
  await yieldToEventLoop()
  const reply = replyOf(message, text, id)
  await yieldToEventLoop()
  return reply
}

function replyOf(message: unknown, text: string, id: number): Reply {
  if (!isObject(message) || message['jsonrpc'] !== '2.0') throw protocolFault('no JSON-RPC 2.0 message')
  const isResult = Object.hasOwn(message, 'result')
  if (!isResult && isTooDeep(text)) throw tooDeepFault()
  if (Object.hasOwn(message, 'method')) return { kind: 'notification', notification: notificationOf(message, text) }
  const hasError = Object.hasOwn(message, 'error')
  // A server that could not read the request cannot know its id (JSON-RPC 2.0, section 5).
  const withoutId = hasError && (message['id'] === null || message['id'] === undefined)
  // Some servers repeat a number as text, which the clients of the SDK take for the number.
  const idMatches = withoutId || message['id'] === id || message['id'] === String(id)
  if (!idMatches) throw protocolFault('an answer to a request that was not asked here')
  if (hasError === isResult) throw protocolFault('neither a result nor an error, or both')
  if (!hasError) return resultOf(message, text)
  return { kind: 'error', error: errorOf(message['error'], text), withoutId }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw protocolFault('text that is no JSON')
  }
}

function notificationOf({ id, method, params }: Record<string, unknown>, text: string): Notification {
  if (id !== undefined) throw protocolFault('a request of the server, which its protocol revision does not know')
  if (typeof method !== 'string') throw protocolFault('a method that is no text')
  if (params !== undefined && !isObject(params)) throw protocolFault('parameters that are no object')
  return params === undefined ? { method } : { method, params, source: new VerbatimJson(params, text, 'params') }
}

function errorOf(error: unknown, text: string): UpstreamRpcError {
  if (!isObject(error) || !Number.isSafeInteger(error['code']) || typeof error['message'] !== 'string')
    throw protocolFault('an error that is none')
  return new UpstreamRpcError(error['code'] as number, error['message'], error['data'], new VerbatimJson(error, text, 'error'))
}

function resultOf({ result }: Record<string, unknown>, text: string): Reply {
  if (!isObject(result)) throw protocolFault('a result that is no object')
  // A long text is scanned once, members of the result included. For a short one they are found only when needed.
  const { spans, duplicate, depth, inner } = text.length < LONG_CHARS ? membersOf(text) : membersOf(text, { within: 'result' })
  const span = spans.get('result')
  if (duplicate !== undefined || !span) throw protocolFault(`the key ${String(duplicate)} twice in one message`)
  if (depth > MAX_LEVELS) throw tooDeepFault()
  const { start, end, membersWithin } = span
  const source = inner
    ? new VerbatimJson(result, text, 'result', inner)
    : new VerbatimJson(result, text.slice(start, end), undefined, membersWithin)
  return { kind: 'result', value: result, source }
}

const tooDeepFault = () => protocolFault(`a message of more than ${MAX_LEVELS} levels`)
