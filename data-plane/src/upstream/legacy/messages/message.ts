import { isObject } from '../../../json/is-object.ts'
import { yieldToEventLoop } from '../../../runtime/event-loop.ts'
import { isTooDeep, itemsOf, membersOf, MAX_LEVELS } from '../../../json/scan.ts'
import { requestIdOf } from '../../../protocol/request-id.ts'
import type { RequestId } from '../../../protocol/request-id.ts'
import { VerbatimJson } from '../../../json/verbatim.ts'

/** As in `RequestId`, and fractions too. */
export type ServerId = RequestId

/** The messages of a legacy server, told apart by their shape. Anything else is no message and is dropped. */
export type LegacyMessage =
  | {
      readonly kind: 'request'
      readonly id: ServerId
      readonly method: string
      readonly params: Record<string, unknown>
      /** Of the whole message. */
      readonly source: VerbatimJson
    }
  | {
      readonly kind: 'notification'
      readonly method: string
      readonly params: Record<string, unknown> | undefined
      /** Of the parameters. */
      readonly source: VerbatimJson | undefined
    }
  | { readonly kind: 'result'; readonly id: ServerId; readonly value: unknown; readonly source: VerbatimJson | undefined }
  | {
      readonly kind: 'error'
      readonly id: ServerId | null
      readonly code: number
      readonly message: string
      readonly data: unknown
      /** Of the error. */
      readonly source: VerbatimJson
    }

/** A key stands twice in one object, so two JSON parsers may read two different answers. */
class DuplicateKeys extends Error {
  override readonly name = 'DuplicateKeys'
}

/** The JSON is nested so deeply that recursive code on it would overflow the stack. */
class TooDeep extends Error {
  override readonly name = 'TooDeep'
}

/**
 * The messages of a body or an event. There are several only when the server sends a batch (2025-03-26). Throws for
 * text that is no JSON, that has a key twice, or that is nested too deeply.
 */
export const readLegacy = (text: string): LegacyMessage[] => messagesOf(JSON.parse(text), text)

/** Does the same in several turns of the event loop. */
export async function readLongLegacy(text: string): Promise<LegacyMessage[]> {
  await yieldToEventLoop()
  const body: unknown = JSON.parse(text)
  await yieldToEventLoop()
  const messages = messagesOf(body, text)
  await yieldToEventLoop()
  return messages
}

function messagesOf(body: unknown, text: string): LegacyMessage[] {
  if (!Array.isArray(body)) return messageOf(body, text)
  if (isTooDeep(text)) throw tooDeepError()
  const spans = itemsOf(text)
  return body.flatMap((item, at) => messageOf(item, text.slice(spans[at]?.start, spans[at]?.end)))
}

function messageOf(body: unknown, text: string): LegacyMessage[] {
  if (!isObject(body) || body['jsonrpc'] !== '2.0') return []
  const { id, method, result } = body
  const isResult = typeof method !== 'string' && 'result' in body && isServerId(id)
  if (isResult) return [{ kind: 'result', id: answeredId(id), value: result, source: verbatimResult(result, text) }]
  if (isTooDeep(text)) throw tooDeepError()
  if (typeof method === 'string') return requestOrNotification(body, method, text)
  return errorMessage(id, body['error'], text)
}

function requestOrNotification(body: Record<string, unknown>, method: string, text: string): LegacyMessage[] {
  const { id } = body
  const params = isObject(body['params']) ? body['params'] : undefined
  if (id === undefined) return [{ kind: 'notification', method, params, source: params && new VerbatimJson(params, text, 'params') }]
  if (!isServerId(id)) return []
  const source = new VerbatimJson(body, text)
  return [{ kind: 'request', id: requestIdOf(id, () => source.memberJson('id')) ?? id, method, params: params ?? {}, source }]
}

function errorMessage(id: unknown, error: unknown, text: string): LegacyMessage[] {
  if (!isObject(error) || (id != null && !isServerId(id))) return []
  const { code, message, data } = error
  if (typeof code !== 'number') return []
  const source = new VerbatimJson(error, text, 'error')
  return [
    { kind: 'error', id: id == null ? null : answeredId(id), code, message: typeof message === 'string' ? message : '', data, source },
  ]
}

/** Our ids are whole numbers. Some servers repeat them as text, which the clients of the SDK take for the number. */
const answeredId = (id: ServerId): ServerId => (typeof id === 'string' && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : id)

const isServerId = (id: unknown): id is string | number => typeof id === 'string' || typeof id === 'number'

function verbatimResult(result: unknown, text: string): VerbatimJson | undefined {
  const { duplicate, depth, inner } = membersOf(text, { within: 'result' })
  if (duplicate !== undefined) throw new DuplicateKeys('a key stands twice in the answer')
  if (depth > MAX_LEVELS) throw tooDeepError()
  return isObject(result) && inner ? new VerbatimJson(result, text, 'result', inner) : undefined
}

const tooDeepError = () => new TooDeep(`a message of more than ${MAX_LEVELS} levels`)

/** The request of its own that a server cancels; undefined where it names none. */
export function cancelledIn({ params, source }: Extract<LegacyMessage, { kind: 'notification' }>): ServerId | undefined {
  const id = params?.['requestId']
  return isServerId(id) ? (requestIdOf(id, () => source?.memberJson('requestId')) ?? id) : undefined
}
