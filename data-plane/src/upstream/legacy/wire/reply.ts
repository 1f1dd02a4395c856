import { setTimeout as delay } from 'node:timers/promises'
import { LONG_CHARS } from '../../../runtime/event-loop.ts'
import { Cancel } from '../../../runtime/cancellation.ts'
import { protocolFault } from '../../faults.ts'
import { statusFault } from '../messages/status-fault.ts'
import { readLegacy, readLongLegacy } from '../messages/message.ts'
import type { LegacyMessage } from '../messages/message.ts'
import type { LegacyWire, WireAnswer, WireHeaders } from './wire.ts'
import type { SseEvent } from '../../http/sse-parser.ts'
import { UpstreamFault } from '../../upstream.ts'

const minRetryMs = 50
const maxRetryMs = 60_000
const failuresInARow = 5

/**
 * The answer to one POST, in messages as they come: one JSON body, or a stream. A stream that ends early is taken up again where
 * it stopped, if the server gave event ids (2025-11-25 lets it hang up and be polled).
 */
export class LegacyReply {
  private readonly wire: LegacyWire
  private readonly headers: WireHeaders
  private readonly stopped = new AbortController()
  private readonly reopening = new Cancel()
  private answer: WireAnswer
  private bodyRead = false
  private lastEventId: string | undefined
  private retryMs = 1000

  constructor(wire: LegacyWire, headers: WireHeaders, answer: WireAnswer) {
    this.wire = wire
    this.headers = headers
    this.answer = answer
  }

  /** What came in one piece; undefined when nothing more will. Rejects with `UpstreamFault`. */
  async next(): Promise<LegacyMessage[] | undefined> {
    if (this.answer.kind === 'json') return this.body()
    for (;;) {
      const events = await this.events()
      if (events) return messagesIn(events)
      if (this.lastEventId === undefined || this.stopped.signal.aborted) return undefined
      await this.resume(this.lastEventId)
    }
  }

  stop(): void {
    this.stopped.abort()
    this.reopening.abort(new Error('no longer wanted'))
    this.answer.stop()
  }

  /** The result has come. */
  release(): void {
    this.stopped.abort()
    this.answer.release()
  }

  private async body(): Promise<LegacyMessage[] | undefined> {
    if (this.bodyRead) return undefined
    this.bodyRead = true
    return read(this.answer.text)
  }

  private async events(): Promise<SseEvent[] | undefined> {
    const events = await this.answer.next().catch((error: unknown) => {
      // A stream that can be taken up again may break; one that goes over its limits may not.
      if (this.lastEventId !== undefined && error instanceof UpstreamFault && error.retryable) return undefined
      throw error
    })
    this.lastEventId = events?.at(-1)?.id ?? this.lastEventId
    this.retryMs = Math.min(this.answer.retryMs() ?? this.retryMs, maxRetryMs)
    return events
  }

  private async resume(lastEventId: string): Promise<void> {
    for (let failures = 1; ; failures++) {
      await delay(Math.max(minRetryMs, this.retryMs * failures), undefined, { signal: this.stopped.signal })
      const answer = await this.reopened(lastEventId).catch((error: unknown) => {
        if (failures >= failuresInARow) throw error
        return undefined
      })
      if (!answer) continue
      this.answer = answer
      if (this.stopped.signal.aborted) answer.stop()
      return
    }
  }

  private async reopened(lastEventId: string): Promise<WireAnswer> {
    const answer = await this.wire.get({ ...this.headers, 'last-event-id': lastEventId }, this.reopening)
    if (answer.status === 200 && answer.kind === 'stream') return answer
    answer.stop()
    throw statusFault(answer.status, 'the stream could not be taken up again')
  }
}

/** The messages in events; those of another name than `message`, and empty ones, say nothing. */
export async function messagesIn(events: readonly SseEvent[]): Promise<LegacyMessage[]> {
  const messages: LegacyMessage[] = []
  for (const { event, data } of events) {
    if (event === 'message' && data !== '') for (const message of await read(data)) messages.push(message)
  }
  return messages
}

async function read(text: string): Promise<LegacyMessage[]> {
  try {
    return text.length < LONG_CHARS ? readLegacy(text) : await readLongLegacy(text)
  } catch (error) {
    // A parser quotes what it could not read, and that may repeat what the server was sent.
    if (error instanceof SyntaxError) throw protocolFault('text that is no JSON')
    throw protocolFault(error instanceof Error ? error.message : String(error))
  }
}
