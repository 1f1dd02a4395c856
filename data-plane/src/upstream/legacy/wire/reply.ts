import { setTimeout as delay } from 'node:timers/promises'
import { LONG_CHARS } from '../../../runtime/event-loop.ts'
import { Cancel } from '../../../runtime/cancellation.ts'
import { protocolFault } from '../../faults.ts'
import { legacyStatusFault } from '../messages/status-fault.ts'
import { readLegacy, readLongLegacy } from '../messages/message.ts'
import type { LegacyMessage } from '../messages/message.ts'
import type { SessionWire, WireAnswer, WireHeaders } from './session-wire.ts'
import type { SseEvent } from '../../http/sse-parser.ts'
import { UpstreamFault } from '../../upstream.ts'

const minRetryMs = 50
const maxRetryMs = 60_000
const maxFailuresInARow = 5

/**
 * The answer to one POST, message by message. It is one JSON body, or a stream. A stream that ends early is resumed
 * where it stopped, if the server gave event ids (2025-11-25 lets a server close the stream and be polled).
 */
export class LegacyReply {
  private readonly wire: SessionWire
  private readonly headers: WireHeaders
  private readonly stopResuming = new AbortController()
  private readonly cancelReopening = new Cancel()
  private answer: WireAnswer
  private bodyRead = false
  private lastEventId: string | undefined
  private retryMs = 1000

  constructor(wire: SessionWire, headers: WireHeaders, answer: WireAnswer) {
    this.wire = wire
    this.headers = headers
    this.answer = answer
  }

  /** Its messages come one after another, so nobody has looked at them yet. */
  get isStream(): boolean {
    return this.answer.kind === 'stream'
  }

  /** The messages of the next chunk; undefined at the end. Rejects with `UpstreamFault`. */
  async next(): Promise<LegacyMessage[] | undefined> {
    if (this.answer.readMessages) return this.answer.readMessages()
    if (this.answer.kind === 'json') return this.bodyMessages()
    for (;;) {
      const events = await this.nextEvents()
      if (events) return messagesIn(events)
      if (this.lastEventId === undefined || this.stopResuming.signal.aborted) return undefined
      await this.resume(this.lastEventId)
    }
  }

  stop(): void {
    this.stopResuming.abort()
    this.cancelReopening.abort(new Error('no longer wanted'))
    this.answer.stop()
  }

  /** The result has come: the connection may be used again once the stream ends. */
  release(): void {
    this.stopResuming.abort()
    this.answer.release()
  }

  private async bodyMessages(): Promise<LegacyMessage[] | undefined> {
    if (this.bodyRead) return undefined
    this.bodyRead = true
    return readMessages(this.answer.text)
  }

  private async nextEvents(): Promise<SseEvent[] | undefined> {
    const events = await this.answer.next().catch((error: unknown) => {
      // A stream that can be resumed may break. One that exceeds a limit fails: its fault is not retryable.
      if (this.lastEventId !== undefined && error instanceof UpstreamFault && error.retryable) return undefined
      throw error
    })
    this.lastEventId = events?.at(-1)?.id ?? this.lastEventId
    this.retryMs = Math.min(this.answer.retryMs() ?? this.retryMs, maxRetryMs)
    return events
  }

  private async resume(lastEventId: string): Promise<void> {
    for (let failures = 1; ; failures++) {
      await delay(Math.max(minRetryMs, this.retryMs * failures), undefined, { signal: this.stopResuming.signal })
      const answer = await this.reopen(lastEventId).catch((error: unknown) => {
        if (failures >= maxFailuresInARow) throw error
        return undefined
      })
      if (!answer) continue
      this.answer = answer
      if (this.stopResuming.signal.aborted) answer.stop()
      return
    }
  }

  private async reopen(lastEventId: string): Promise<WireAnswer> {
    const answer = await this.wire.get({ ...this.headers, 'last-event-id': lastEventId }, this.cancelReopening)
    if (answer.status === 200 && answer.kind === 'stream') return answer
    answer.stop()
    throw legacyStatusFault(answer.status, 'the stream could not be taken up again')
  }
}

/** The messages in these events. Events with a name other than `message`, and empty ones, hold none. */
export async function messagesIn(events: readonly SseEvent[]): Promise<LegacyMessage[]> {
  const messages: LegacyMessage[] = []
  for (const { event, data } of events) {
    if (event === 'message' && data !== '') for (const message of await readMessages(data)) messages.push(message)
  }
  return messages
}

/** The messages of one text. Rejects with `UpstreamFault`. */
export async function readMessages(text: string): Promise<LegacyMessage[]> {
  try {
    return text.length < LONG_CHARS ? readLegacy(text) : await readLongLegacy(text)
  } catch (error) {
    // The message of a SyntaxError quotes the text of the server, which may repeat a secret that we sent.
    if (error instanceof SyntaxError) throw protocolFault('text that is no JSON')
    throw protocolFault(error instanceof Error ? error.message : String(error))
  }
}
