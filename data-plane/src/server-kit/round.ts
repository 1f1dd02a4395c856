import type { Awaitable } from '../runtime/awaitable.ts'
import type { ClientFacts, Notification } from '../protocol/notification.ts'

/** One round of a request as its handler needs it: what came beside the arguments, and where notifications go. */
export interface Round {
  readonly params: Readonly<Record<string, unknown>>
  readonly client: Pick<ClientFacts, 'capabilities' | 'logLevel'>
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** What the handler asked to be given back, once its seal was found whole. */
  readonly state?: unknown
}

/** Severities of log messages (RFC 5424), from least to most. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What a handler may do beside answering. */
export interface Speech {
  /** What the client declared that it can do, on this very request. */
  readonly capabilities: Readonly<Record<string, unknown>>
  /** On a retry: the client's answers by the keys of the requests. Anybody's word. */
  readonly inputResponses: Readonly<Record<string, unknown>> | undefined
  /** On a retry: what the handler gave to `inputRequired`. */
  readonly requestState: unknown
  /** A notification of this request. */
  notify(notification: Notification): Awaitable<void>
  /** Reaches only a client that asked for progress. */
  progress(progress: number, total?: number, message?: string): Awaitable<void>
  /** Reaches only a client that asked for messages of this severity. */
  log(level: LogLevel, data: unknown, logger?: string): Awaitable<void>
}

/** A round of nobody: a call from inside the gateway, whose notifications no one hears. */
export const unheard: Round = { params: {}, client: { capabilities: {}, logLevel: undefined }, onNotification: () => undefined }

/** The progress notification, when the client gave a token for it. */
export function sendProgress(round: Round, progress: number, total: number | undefined, message: string | undefined): Awaitable<void> {
  const meta = round.params['_meta'] as { progressToken?: unknown } | undefined
  const progressToken = meta?.progressToken
  if (typeof progressToken !== 'string' && typeof progressToken !== 'number') return undefined
  const more = { ...(total !== undefined && { total }), ...(message !== undefined && { message }) }
  return round.onNotification({ method: 'notifications/progress', params: { progressToken, progress, ...more } })
}

/** The log message, when the client wants to hear this severity. */
export function sendLog(round: Round, level: LogLevel, data: unknown, logger: string | undefined): Awaitable<void> {
  const wanted = LOG_LEVELS.indexOf(round.client.logLevel as LogLevel)
  if (wanted < 0 || LOG_LEVELS.indexOf(level) < wanted) return undefined
  return round.onNotification({ method: 'notifications/message', params: { level, data, ...(logger !== undefined && { logger }) } })
}
