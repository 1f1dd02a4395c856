import { isObject } from '../../json/is-object.ts'
import { LONG_CHARS, nextTurn } from '../../runtime/event-loop.ts'
import { broken } from '../faults.ts'
import { isTooDeep, membersOf, MOST_LEVELS } from '../../json/scan.ts'
import { Spelling } from '../../json/verbatim.ts'
import { UpstreamRpcError } from '../upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Notification } from '../../protocol/notification.ts'

/** A message of a server's, in answer to the one request that its HTTP exchange is for. */
export type Reply =
  /** `nameless`: an error for a request the server could not read. */
  | { readonly kind: 'result'; readonly value: Readonly<Record<string, unknown>>; readonly written: Spelling }
  | { readonly kind: 'error'; readonly error: UpstreamRpcError; readonly nameless: boolean }
  | { readonly kind: 'notification'; readonly notification: Notification }

/** Reads it, a long one in several turns. Throws `UpstreamFault` for whatever is neither a notification nor the answer to request `id`. */
export function readReply(text: string, id: number): Awaitable<Reply> {
  return text.length < LONG_CHARS ? replyOf(parsed(text), text, id) : readLong(text, id)
}

async function readLong(text: string, id: number): Promise<Reply> {
  await nextTurn()
  const message = parsed(text)
  await nextTurn()
  const reply = replyOf(message, text, id)
  await nextTurn()
  return reply
}

function replyOf(message: unknown, text: string, id: number): Reply {
  if (!isObject(message) || message['jsonrpc'] !== '2.0') throw broken('no JSON-RPC 2.0 message')
  const isResult = Object.hasOwn(message, 'result')
  if (!isResult && isTooDeep(text)) throw tooDeep()
  if (Object.hasOwn(message, 'method')) return { kind: 'notification', notification: notificationOf(message, text) }
  const hasError = Object.hasOwn(message, 'error')
  // Who could not read a request cannot know its id (JSON-RPC 2.0, section 5).
  const fits = message['id'] === id || (hasError && (message['id'] === null || message['id'] === undefined))
  if (!fits) throw broken('an answer to a request that was not asked here')
  if (hasError === isResult) throw broken('neither a result nor an error, or both')
  if (!hasError) return resultOf(message, text)
  return { kind: 'error', error: errorOf(message['error'], text), nameless: message['id'] !== id }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw broken('text that is no JSON')
  }
}

function notificationOf({ id, method, params }: Record<string, unknown>, text: string): Notification {
  if (id !== undefined) throw broken('a request of the server, which its protocol revision does not know')
  if (typeof method !== 'string') throw broken('a method that is no text')
  if (params !== undefined && !isObject(params)) throw broken('parameters that are no object')
  return params === undefined ? { method } : { method, params, written: new Spelling(params, text, 'params') }
}

function errorOf(error: unknown, text: string): UpstreamRpcError {
  if (!isObject(error) || !Number.isSafeInteger(error['code']) || typeof error['message'] !== 'string')
    throw broken('an error that is none')
  return new UpstreamRpcError(error['code'] as number, error['message'], error['data'], new Spelling(error, text, 'error'))
}

function resultOf({ result }: Record<string, unknown>, text: string): Reply {
  if (!isObject(result)) throw broken('a result that is no object')
  // A long one is walked once; of a short one nobody may ask where its members stand.
  const { spans, duplicate, depth, inner } = text.length < LONG_CHARS ? membersOf(text) : membersOf(text, { within: 'result' })
  const span = spans.get('result')
  if (duplicate !== undefined || !span) throw broken(`the key ${String(duplicate).slice(0, 100)} twice in one message`)
  if (depth > MOST_LEVELS) throw tooDeep()
  const { start, end, membersWithin } = span
  const written = inner
    ? new Spelling(result, text, 'result', inner)
    : new Spelling(result, text.slice(start, end), undefined, membersWithin)
  return { kind: 'result', value: result, written }
}

const tooDeep = () => broken(`a message of more than ${MOST_LEVELS} levels`)
