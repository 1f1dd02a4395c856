import type { Cancel } from '../../../runtime/cancellation.ts'
import { legacyStatusFault } from '../messages/status-fault.ts'
import type { Inbound, SessionWire, WireAnswer, WireHeaders } from './session-wire.ts'
import { SESSION_HEADER, SseStream } from './sse-stream.ts'
import type { LegacyWire } from './wire.ts'

/**
 * The HTTP+SSE transport of 2024-11-05, for one session. A session whose stream has ended looks as one that a server
 * of Streamable HTTP forgot: HTTP 404. What was posted to it has not left, so it may be posted again.
 */
export class SseWire implements SessionWire {
  readonly offers = '2024-11-05'
  readonly controlTimeoutMs: number
  readonly inbound: Inbound = { receive: () => Promise.resolve(), lost: () => undefined }
  private readonly http: LegacyWire
  /** By id. There are two only while another session is being opened: until that is in use, the earlier one stays. */
  private readonly streams = new Map<string, SseStream>()
  private streamCount = 0

  constructor(http: LegacyWire) {
    this.http = http
    this.controlTimeoutMs = http.controlTimeoutMs
  }

  async initialize(id: number, body: string): Promise<WireAnswer> {
    const stream = new SseStream(`sse-${++this.streamCount}`, this.http, this.inbound)
    this.streams.set(stream.address.sessionId, stream)
    await stream.open()
    const answer = await stream.post(id, body, {})
    if (answer.status < 300) return answer
    throw legacyStatusFault(answer.status, 'initialize was not accepted at the endpoint that the server named')
  }

  post(id: number, body: string, headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer> {
    const stream = this.streamOf(headers)
    return stream ? stream.post(id, body, headers, cancel) : Promise.resolve(gone)
  }

  send(body: string, headers: WireHeaders, id?: number): Promise<WireAnswer> {
    const stream = this.streamOf(headers)
    if (!stream) return Promise.resolve(gone)
    this.endBefore(stream)
    return stream.send(body, headers, id)
  }

  get(): Promise<WireAnswer> {
    return Promise.resolve({ ...gone, status: 405 })
  }

  delete(headers: WireHeaders): Promise<void> {
    this.streamOf(headers)?.stop()
    this.streams.delete(headers[SESSION_HEADER] ?? '')
    return Promise.resolve()
  }

  abandon(): void {
    const newest = `sse-${this.streamCount}`
    this.streams.get(newest)?.stop()
    this.streams.delete(newest)
  }

  private streamOf(headers: WireHeaders): SseStream | undefined {
    const stream = this.streams.get(headers[SESSION_HEADER] ?? '')
    return stream && !stream.ended ? stream : undefined
  }

  /** A message to a session shows that it is open: the newest one has taken the place of those before it. */
  private endBefore(stream: SseStream): void {
    if (this.streams.size === 1 || stream.address.sessionId !== `sse-${this.streamCount}`) return
    for (const [id, earlier] of this.streams) {
      if (earlier === stream) continue
      this.streams.delete(id)
      earlier.replace()
    }
  }
}

const gone: WireAnswer = {
  status: 404,
  kind: 'other',
  sessionId: undefined,
  text: '',
  next: () => Promise.resolve(undefined),
  retryMs: () => undefined,
  stop: () => undefined,
  release: () => undefined,
}
