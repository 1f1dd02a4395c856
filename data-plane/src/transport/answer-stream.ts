import type { ServerResponse } from 'node:http'
import type { Rendered } from '../pipeline/call/types.ts'
import { LONG_CHARS } from '../runtime/event-loop.ts'
import type { Cleared } from '../protocol/channel/cleared.ts'
import type { Channel } from '../protocol/channel/channel.ts'
import { resultBody } from '../protocol/json-rpc.ts'
import type { RequestId } from '../protocol/request-id.ts'
import { namesEventStream } from '../http/negotiate.ts'
import { sendJson, sendResult } from '../http/respond.ts'
import { MAX_UNREAD_BYTES } from '../http/unread.ts'
import type { Headers } from '../http/respond.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import { messageOf } from '../protocol/notification.ts'
import type { Notification } from '../protocol/notification.ts'

const keepAliveMs = 15_000

/** Open streams share one keep-alive timer, so thousands of idle streams cost one. */
const open = new Set<AnswerStream>()
let clock: NodeJS.Timeout | undefined

/**
 * The answer to one request. It is one JSON body, until something must be sent before the answer: then it becomes an
 * SSE stream that ends with the answer.
 */
export class AnswerStream implements Channel {
  private readonly response: ServerResponse
  private readonly headers: Headers
  private begun = false
  /** Pending while something waits for the client to take it. */
  private taking: Promise<void> | undefined

  constructor(response: ServerResponse, headers: Headers) {
    this.response = response
    this.headers = headers
  }

  get streaming(): boolean {
    return this.begun
  }

  notify(notification: Cleared<Notification>): Awaitable<void> {
    return this.event(messageOf(notification))
  }

  request(id: string, method: string, params: Cleared<string> | undefined): Awaitable<void> {
    const head = JSON.stringify({ jsonrpc: '2.0', id, method })
    return this.event(params === undefined ? head : `${head.slice(0, -1)},"params":${params}}`)
  }

  /** Starts the stream now, before there is anything to send. */
  begin(headers: Headers = {}): void {
    if (this.begun || this.response.headersSent || this.response.destroyed) return
    this.begun = true
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
      ...this.headers,
      ...headers,
    })
    this.response.flushHeaders()
    this.keepAlive()
  }

  beginIfAccepted(): void {
    if (namesEventStream(this.response.req.headers)) this.begin()
  }

  /** Sends the result and ends. Prefer `answer.bytes`: reading `answer.json` would decode them again. */
  result(id: RequestId, answer: Rendered): void {
    const { headers = {} } = answer
    const bytes = this.begun ? undefined : (answer.bytes ?? longBytes(answer.json))
    if (bytes) return sendResult(this.response, id, bytes, { ...this.headers, ...headers })
    this.finish(200, resultBody(id, answer.json), headers)
  }

  /** Sends a JSON-RPC response and ends. */
  finish(status: number, body: string, headers: Headers = {}): void {
    if (!this.begun) return sendJson(this.response, status, body, { ...this.headers, ...headers })
    this.leave()
    if (this.response.destroyed) return
    this.response.end(frame(body))
  }

  /** Ends the stream without a response. `retryMs` tells the client when to open it again (HTML §9.2.6, `retry`). */
  end(retryMs?: number): void {
    this.leave()
    if (!this.response.destroyed) this.response.end(retryMs === undefined ? undefined : `retry: ${retryMs}\n\n`)
  }

  comment(): void {
    if (!this.response.writableNeedDrain) this.response.write(': \n\n')
  }

  private event(json: string): Awaitable<void> {
    this.begin()
    // Not every sender waits for the client. One that reads nothing must not fill the memory.
    if (this.response.writableLength > MAX_UNREAD_BYTES) this.response.destroy()
    if (this.response.destroyed || this.response.write(frame(json))) return
    return (this.taking ??= this.taken())
  }

  /** Resolves once the client has taken what waits for it, or has left. */
  private async taken(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        this.response.off('drain', done).off('close', done)
        resolve()
      }
      this.response.once('drain', done).once('close', done)
    })
    this.taking = undefined
  }

  private keepAlive(): void {
    open.add(this)
    this.response.once('close', () => this.leave())
    clock ??= setInterval(() => {
      for (const stream of open) stream.comment()
    }, keepAliveMs).unref()
  }

  private leave(): void {
    open.delete(this)
    if (open.size > 0) return
    clearInterval(clock)
    clock = undefined
  }
}

/** JSON may have line breaks between its values. In SSE each of them begins another `data` line. */
const frame = (json: string) => `event: message\ndata: ${/[\n\r]/.test(json) ? json.replaceAll(/\r\n|\r|\n/g, '\ndata: ') : json}\n\n`

/** A long text is encoded once, instead of being measured first. */
const longBytes = (json: string): Buffer | undefined => (json.length >= LONG_CHARS ? Buffer.from(json) : undefined)
