import type { Cancel } from '../../../runtime/cancellation.ts'
import type { LegacyMessage } from '../messages/message.ts'
import type { SseEvent } from '../../http/sse-parser.ts'

export type WireHeaders = Readonly<Record<string, string>>

/** An answer whose head has come. Unless it is a stream, its body has come too. */
export interface WireAnswer {
  readonly status: number
  readonly kind: 'json' | 'stream' | 'other'
  readonly sessionId: string | undefined
  readonly text: string
  /** The events of the next chunk; undefined at the end. Rejects with `UpstreamFault`. */
  next(): Promise<SseEvent[] | undefined>
  /**
   * For an answer that is read as messages, not as events: the next ones, undefined at the end. Rejects with
   * `UpstreamFault`.
   */
  readMessages?(): Promise<LegacyMessage[] | undefined>
  retryMs(): number | undefined
  /** Ends the answer now, and closes its connection. */
  stop(): void
  /** Gives the answer a short time to end by itself, because then its connection can be used again. */
  release(): void
}

/**
 * How the messages of a session travel. The session itself is the same in both transports: Streamable HTTP (from
 * 2025-03-26 on), where each POST is answered, and HTTP+SSE (2024-11-05), where one stream carries every answer.
 */
export interface SessionWire {
  /** The revision that `initialize` offers. */
  readonly offers: string
  /** Limits messages of the gateway itself, which a server should answer soon. */
  readonly controlTimeoutMs: number
  /** Sends `initialize`, after whatever the session needs. The answer names the session, if the server keeps any. */
  initialize(id: number, body: string): Promise<WireAnswer>
  /** Sends a request of the client. It may take as long as a call may. */
  post(id: number, body: string, headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer>
  /**
   * Sends a message that the server should answer soon and completely. `id`: of a request whose answer nobody reads.
   */
  send(body: string, headers: WireHeaders, id?: number): Promise<WireAnswer>
  /** Opens the stream of the session, or takes up an earlier stream where it broke. Only Streamable HTTP has these. */
  get(headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer>
  /** Ends the session at the server. */
  delete(headers: WireHeaders): Promise<void>
  /** `initialize` failed: lets go of what it began. */
  abandon(): void
  /** Absent where the stream of the session is a GET of its own. */
  readonly inbound?: Inbound
}

/** The server's messages that answer nothing, where one stream carries everything. */
export interface Inbound {
  /**
   * Receives each message before any later one is read. The stream waits when too many of the promises are pending.
   * Set once, before the session is opened.
   */
  receive: (message: LegacyMessage, from: WireAddress) => Promise<void>
  /** The stream ended, and not by us: its session is lost. */
  lost: (error: Error, from: WireAddress) => void
}

/** The session that a message to the server belongs to. */
export interface WireAddress {
  /** Undefined when the server keeps no sessions. */
  readonly sessionId: string | undefined
  readonly headers: WireHeaders
}
