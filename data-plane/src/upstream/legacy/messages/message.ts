import { isObject } from '../../../json/is-object.ts'
import { yieldToEventLoop } from '../../../runtime/event-loop.ts'
import { isTooDeep, itemsOf, membersOf, MAX_LEVELS } from '../../../json/scan.ts'
import { VerbatimJson } from '../../../json/verbatim.ts'

export type ServerId = string | number

/** What a server of the legacy eras sends, told apart by shape. Anything else is no message and dropped. */
export type LegacyMessage =
  | {
      readonly kind: 'request'
      readonly id: ServerId
      readonly method: string
      readonly params: Record<string, unknown>
      /** The whole message. */
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

/** Two readers of this text could see two different answers. */
class DuplicateKeys extends Error {
  override readonly name = 'DuplicateKeys'
}

/** It could be read, but neither walked nor written. */
class TooDeep extends Error {
  override readonly name = 'TooDeep'
}

/** The messages in a body or an event; several only where the server batches (2025-03-26). Throws for text that is no JSON, ambiguous, or nested without end. */
export const readLegacy = (text: string): LegacyMessage[] => messagesOf(JSON.parse(text), text)

/** The same in several turns of the event loop. */
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
  if (isTooDeep(text)) throw tooDeep()
  const places = itemsOf(text)
  return body.flatMap((one, at) => messageOf(one, text.slice(places[at]?.start, places[at]?.end)))
}

function messageOf(body: unknown, text: string): LegacyMessage[] {
  if (!isObject(body) || body['jsonrpc'] !== '2.0') return []
  const { id, method, result } = body
  const isResult = typeof method !== 'string' && 'result' in body && isServerId(id)
  if (isResult) return [{ kind: 'result', id, value: result, source: writtenResult(result, text) }]
  if (isTooDeep(text)) throw tooDeep()
  if (typeof method === 'string') return called(body, method, text)
  return failed(id, body['error'], text)
}

function called(body: Record<string, unknown>, method: string, text: string): LegacyMessage[] {
  const { id, params: given } = body
  const params = isObject(given) ? given : undefined
  if (id === undefined) return [{ kind: 'notification', method, params, source: params && new VerbatimJson(params, text, 'params') }]
  return isServerId(id) ? [{ kind: 'request', id, method, params: params ?? {}, source: new VerbatimJson(body, text) }] : []
}

function failed(id: unknown, error: unknown, text: string): LegacyMessage[] {
  if (!isObject(error) || (id != null && !isServerId(id))) return []
  const { code, message, data } = error
  if (typeof code !== 'number') return []
  const source = new VerbatimJson(error, text, 'error')
  return [{ kind: 'error', id: id ?? null, code, message: typeof message === 'string' ? message : '', data, source }]
}

const isServerId = (id: unknown): id is ServerId => typeof id === 'string' || typeof id === 'number'

function writtenResult(result: unknown, text: string): VerbatimJson | undefined {
  const { duplicate, depth, inner } = membersOf(text, { within: 'result' })
  if (duplicate !== undefined) throw new DuplicateKeys('a key stands twice in the answer')
  if (depth > MAX_LEVELS) throw tooDeep()
  return isObject(result) && inner ? new VerbatimJson(result, text, 'result', inner) : undefined
}

const tooDeep = () => new TooDeep(`a message of more than ${MAX_LEVELS} levels`)
