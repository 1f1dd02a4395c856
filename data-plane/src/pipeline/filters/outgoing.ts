import { jsonOf } from '../../json/sourced-object.ts'
import type { SourcedObject } from '../../json/sourced-object.ts'
import type { Fields } from '../../json/edit.ts'
import { assembleObject } from '../../json/verbatim.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import type { Notification } from '../../protocol/notification.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { LONG_CHARS, yieldToEventLoop } from '../../runtime/event-loop.ts'
import type { DroppedMessages } from '../../upstream/dropped.ts'
import { UpstreamRpcError } from '../../upstream/upstream.ts'
import type { ServerQuestion, UpstreamResult } from '../../upstream/upstream.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { textOf } from '../../json/text-of.ts'

/**
 * Something a server says, on its way to a client.
 * - `result`: `value` is the JSON-RPC result. A page of a list and an introduction (`initialize`, `server/discover`)
 *   are results too.
 *   So is a question to the client, in any era: a result with `resultType: 'input_required'` (MCP 2026-07-28).
 * - `notification`: `value` is `{ method, params }`.
 * - `error`: `value` is `{ message, data }` of the server's own JSON-RPC error.
 */
export interface Outgoing extends SourcedObject {
  readonly kind: 'result' | 'notification' | 'error'
  /** The method that is answered, or the notification's own. */
  readonly method: string
}

/** For whom it is said, and by which server. */
export interface OutgoingContext extends Pick<Incoming & Authenticated, 'policy' | 'person' | 'token' | 'endpoint'> {
  readonly server: string
  /** The same for all that the server says on one stream, which has a context for each word. Absent: the context. */
  readonly speech?: object
}

/**
 * A stage on the way out. It gets everything a server says and gives back what may leave: the very same object where
 * it changes nothing. A list is kept for all people of one class, so what becomes of a list must not depend on the
 * person.
 */
export type OutgoingFilter = (outgoing: Outgoing, context: OutgoingContext) => Awaitable<Outgoing>

class ClearedRpcError extends UpstreamRpcError {}

/** A server's own JSON-RPC error that has passed the filters, which alone make one. Clients are sent no other. */
export type { ClearedRpcError }

export const isClearedRpcError = (error: unknown): error is ClearedRpcError => error instanceof ClearedRpcError

/** The one way out: whatever a server says passes the same list of filters, in the same order. */
export class OutgoingFilters {
  private readonly filters: readonly OutgoingFilter[]
  private readonly dropped: DroppedMessages

  constructor(filters: readonly OutgoingFilter[], dropped: DroppedMessages) {
    this.filters = filters
    this.dropped = dropped
  }

  result(result: UpstreamResult, method: string, context: OutgoingContext): Awaitable<Cleared<UpstreamResult>> {
    const { value, source } = result
    const outgoing: Outgoing = { kind: 'result', method, value, source }
    const passed = this.pass(outgoing, context, 0)
    const cleared = (left: Outgoing) => (left === outgoing ? result : { value: left.value, source: left.source }) as Cleared<UpstreamResult>
    return passed instanceof Promise ? passed.then(cleared) : cleared(passed)
  }

  /** Undefined, also in a promise, when a filter fails: the notification must not be sent. */
  notification(notification: Notification, context: OutgoingContext): Awaitable<Cleared<Notification> | undefined> {
    try {
      const cleared = this.passNotification(notification, context)
      return cleared instanceof Promise ? cleared.catch(() => this.dropNotification()) : cleared
    } catch {
      return this.dropNotification()
    }
  }

  /**
   * A question that a server asks outside any request, as the result it would be in the modern era: its key is
   * `question`.
   */
  question({ method, params, source }: ServerQuestion, context: OutgoingContext): Awaitable<Cleared<UpstreamResult>> {
    const request = assembleObject([
      ['method', method, undefined],
      ['params', params, jsonOf({ value: params, source })],
    ])
    const requests = assembleObject([['question', request.value, jsonOf(request)]])
    const result = assembleObject([
      ['resultType', 'input_required', undefined],
      ['inputRequests', requests.value, jsonOf(requests)],
    ])
    return this.result(result, method, context)
  }

  error({ code, message, data, source }: UpstreamRpcError, method: string, context: OutgoingContext): Awaitable<ClearedRpcError> {
    const passed = this.pass({ kind: 'error', method, value: { message, data }, source }, context, 0)
    const cleared = (left: Outgoing) => new ClearedRpcError(code, textOf(left.value['message']), left.value['data'], left.source)
    return passed instanceof Promise ? passed.then(cleared) : cleared(passed)
  }

  private passNotification(notification: Notification, context: OutgoingContext): Awaitable<Cleared<Notification>> {
    const { method, params, source } = notification
    let wholeSource: SourcedObject['source']
    const outgoing: Outgoing = {
      kind: 'notification',
      method,
      value: params === undefined ? { method } : { method, params },
      // Made only when a filter looks for it: most notifications are passed on as they are.
      get source() {
        return (wholeSource ??= params && source && wholeSourceOf(method, params, source))
      },
    }
    const passed = this.pass(outgoing, context, 0)
    const cleared = (left: Outgoing) => (left === outgoing ? notification : notificationOf(left)) as Cleared<Notification>
    return passed instanceof Promise ? passed.then(cleared) : cleared(passed)
  }

  private dropNotification(): undefined {
    this.dropped.count('filter-failed')
    return undefined
  }

  private pass(outgoing: Outgoing, context: OutgoingContext, from: number): Awaitable<Outgoing> {
    let current = outgoing
    for (let at = from; at < this.filters.length; at++) {
      const next = this.filters[at]?.(current, context) ?? current
      if (next instanceof Promise) return next.then((later) => this.pass(later, context, at + 1))
      current = next
      // Others have their turn between two filters of a long answer.
      if (isLong(current)) return yieldToEventLoop().then(() => this.pass(current, context, at + 1))
    }
    return current
  }
}

/** Long enough to be worked on in several turns of the event loop. */
export const isLong = ({ kind, source }: Outgoing): boolean => kind === 'result' && source !== undefined && source.maxLength >= LONG_CHARS

const wholeSourceOf = (method: string, params: Fields, source: VerbatimJson): VerbatimJson =>
  assembleObject([
    ['method', method, undefined],
    ['params', params, source.toJson(params)],
  ]).source

function notificationOf({ value, source }: Outgoing): Notification {
  const { method, params } = value
  const name = textOf(method)
  return typeof params === 'object' && params !== null
    ? { method: name, params: params as NonNullable<Notification['params']>, source: source?.at('params') }
    : { method: name }
}
