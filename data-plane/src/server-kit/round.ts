import { loggable } from '../protocol/log-level.ts'
import type { LogLevel } from '../protocol/log-level.ts'
import type { ClientFacts, Notification } from '../protocol/notification.ts'
import { tokenOf } from '../protocol/progress-token.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/**
 * One round of a multi-round-trip request: what its handler gets beside the arguments, and where its notifications
 * go.
 */
export interface Round {
  readonly params: Readonly<Record<string, unknown>>
  readonly client: Pick<ClientFacts, 'capabilities' | 'logLevel'>
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** The state that the handler gave to `inputRequired`. It is set only after its seal has been checked. */
  readonly state?: unknown
}

/** What a handler may read of the client and send to it before it answers. */
export interface Speech {
  /** The capabilities that the client declared on this request. */
  readonly capabilities: Readonly<Record<string, unknown>>
  /**
   * On a retry: the client's answers, by the keys of the requests. They are not checked: anybody may have written
   * them.
   */
  readonly inputResponses: Readonly<Record<string, unknown>> | undefined
  /** On a retry: the state that the handler gave to `inputRequired`. */
  readonly requestState: unknown
  /** Sends a notification of this request. */
  notify(notification: Notification): Awaitable<void>
  /** Reaches only a client that asked for progress. */
  progress(progress: number, total?: number, message?: string): Awaitable<void>
  /** Reaches only a client that asked for messages of this severity. */
  log(level: LogLevel, data: unknown, logger?: string): Awaitable<void>
}

/** The round of a call that the gateway itself makes: there is no client, and notifications are dropped. */
export const NO_CLIENT_ROUND: Round = {
  params: {},
  client: { capabilities: {}, logLevel: undefined },
  onNotification: () => undefined,
}

/** Sends a progress notification if the client gave a token for it. */
export function sendProgress(round: Round, progress: number, total: number | undefined, message: string | undefined): Awaitable<void> {
  const progressToken = tokenOf(round.params)
  if (progressToken === undefined) return undefined
  const optional = { ...(total !== undefined && { total }), ...(message !== undefined && { message }) }
  return round.onNotification({ method: 'notifications/progress', params: { progressToken, progress, ...optional } })
}

/** Sends a log message if the client asked for this severity. */
export function sendLog(round: Round, level: LogLevel, data: unknown, logger: string | undefined): Awaitable<void> {
  const params = { level, data, ...(logger !== undefined && { logger }) }
  return loggable(params, round.client.logLevel) ? round.onNotification({ method: 'notifications/message', params }) : undefined
}
