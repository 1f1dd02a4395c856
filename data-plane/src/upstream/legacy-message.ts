import { isObject } from '../mcp/json-rpc.ts'
import { isTooDeep, itemsOf, membersOf, MOST_LEVELS } from './json-text.ts'
import { Spelling } from './spelling.ts'

export type ServerId = string | number

/** What a server of the legacy eras sends, told apart by shape. Anything else is no message and dropped. */
export type LegacyMessage =
  | {
      readonly kind: 'request'
      readonly id: ServerId
      readonly method: string
      readonly params: Record<string, unknown>
      /** The whole message. */
      readonly written: Spelling
    }
  | {
      readonly kind: 'notification'
      readonly method: string
      readonly params: Record<string, unknown> | undefined
      /** Of the parameters. */
      readonly written: Spelling | undefined
    }
  | { readonly kind: 'result'; readonly id: ServerId; readonly value: unknown; readonly text: string | undefined }
  | {
      readonly kind: 'error'
      readonly id: ServerId | null
      readonly code: number
      readonly message: string
      readonly data: unknown
      /** Of the error. */
      readonly written: Spelling
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
export function readLegacy(text: string): LegacyMessage[] {
  const body: unknown = JSON.parse(text)
  if (typeof body === 'object' && body !== null && isTooDeep(text)) throw new TooDeep(`a message of more than ${MOST_LEVELS} levels`)
  if (!Array.isArray(body)) return messageOf(body, text)
  const places = itemsOf(text)
  return body.flatMap((one, at) => messageOf(one, text.slice(places[at]?.start, places[at]?.end)))
}

function messageOf(body: unknown, text: string): LegacyMessage[] {
  if (!isObject(body) || body['jsonrpc'] !== '2.0') return []
  const { id, method } = body
  if (typeof method === 'string') return called(body, method, text)
  if ('result' in body && isServerId(id)) return [{ kind: 'result', id, value: body['result'], text: resultText(text) }]
  return failed(id, body['error'], text)
}

function called(body: Record<string, unknown>, method: string, text: string): LegacyMessage[] {
  const { id, params: given } = body
  const params = isObject(given) ? given : undefined
  if (id === undefined) return [{ kind: 'notification', method, params, written: params && new Spelling(params, text, 'params') }]
  return isServerId(id) ? [{ kind: 'request', id, method, params: params ?? {}, written: new Spelling(body, text) }] : []
}

function failed(id: unknown, error: unknown, text: string): LegacyMessage[] {
  if (!isObject(error) || (id != null && !isServerId(id))) return []
  const { code, message, data } = error
  if (typeof code !== 'number') return []
  const written = new Spelling(error, text, 'error')
  return [{ kind: 'error', id: id ?? null, code, message: typeof message === 'string' ? message : '', data, written }]
}

const isServerId = (id: unknown): id is ServerId => typeof id === 'string' || typeof id === 'number'

function resultText(text: string): string | undefined {
  const { spans, duplicate } = membersOf(text)
  if (duplicate !== undefined) throw new DuplicateKeys('a key stands twice in the answer')
  const span = spans.get('result')
  return span && text.slice(span.start, span.end)
}
