import { isUtf8 } from 'node:buffer'
import { ChunkBuffer } from './chunk-buffer.ts'

/** One event of a `text/event-stream` (HTML, section 9.2). */
export interface SseEvent {
  /** `message` when the stream gave no name. */
  readonly event: string
  readonly data: string
  /** The last id of the stream, from this event or an earlier one. */
  readonly id: string | undefined
}

export interface SseLimits {
  /** Limits the data of one event. */
  readonly maxEventBytes: number
  /** Limits one line, comments included. */
  readonly maxLineBytes?: number
}

/** The stream is malformed, or larger than its limits. */
export class SseFault extends Error {
  override readonly name = 'SseFault'
  readonly tooLarge: boolean

  constructor(message: string, tooLarge = false) {
    super(message)
    this.tooLarge = tooLarge
  }
}

const lf = 10
const cr = 13
const colonByte = 58
const space = 32
const emptyBuffer = Buffer.alloc(0)
const bom = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * Reads a stream of events from chunks that may be cut anywhere. It keeps at most one event and one line in memory.
 * It refuses text that is not UTF-8, and streams that send many bytes without an event.
 *
 * It is written by hand because eventsource-parser takes decoded text: it would lack the byte limits and the strict
 * UTF-8 that a hostile server calls for.
 */
export class SseParser {
  /** The last `retry:` of the stream. */
  retryMs: number | undefined
  lastEventId: string | undefined
  private readonly maxEventBytes: number
  private readonly maxLineBytes: number
  /** Bytes since the last event that carry no data. */
  private idleBytes = 0
  /** The beginning of a line whose end has not come yet. */
  private readonly lineStart = new ChunkBuffer()
  private afterCr = false
  private started = false
  private data: string[] = []
  private dataBytes = 0
  private eventName = ''
  private pendingId: string | undefined

  constructor({ maxEventBytes, maxLineBytes = maxEventBytes + 1024 }: SseLimits) {
    this.maxEventBytes = maxEventBytes
    this.maxLineBytes = maxLineBytes
  }

  /** Returns the events that these bytes complete. Throws `SseFault`. */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = []
    let from = 0
    let nextCr = chunk.indexOf(cr)
    while (from < chunk.length) {
      if (this.afterCr) {
        this.afterCr = false
        if (chunk[from] === lf) {
          from++
          continue
        }
      }
      if (nextCr !== -1 && nextCr < from) nextCr = chunk.indexOf(cr, from)
      const end = firstIndex(chunk.indexOf(lf, from), nextCr)
      if (end === -1) break
      this.afterCr = chunk[end] === cr
      this.readLine(this.wholeLine(chunk.subarray(from, end)), events)
      from = end + 1
    }
    this.keepLineStart(chunk.subarray(from))
    return events
  }

  private keepLineStart(rest: Buffer): void {
    if (rest.length === 0) return
    if (this.lineStart.bytes + rest.length > this.maxLineBytes) throw this.longLineFault()
    // The first part is copied: a few bytes must not keep the whole buffer of the socket in memory.
    this.lineStart.add(this.lineStart.bytes === 0 ? Buffer.from(rest) : rest)
  }

  private wholeLine(last: Buffer): Buffer {
    if (this.lineStart.bytes + last.length > this.maxLineBytes) throw this.longLineFault()
    const line = this.lineStart.bytes === 0 ? last : this.joined(last)
    if (this.started) return line
    this.started = true
    return line.subarray(0, 3).equals(bom) ? line.subarray(3) : line
  }

  private joined(last: Buffer): Buffer {
    this.lineStart.add(last)
    return this.lineStart.take()
  }

  private longLineFault(): SseFault {
    return new SseFault(`a line of more than ${this.maxLineBytes} bytes`, true)
  }

  private readLine(line: Buffer, events: SseEvent[]): void {
    if (line.length === 0) {
      this.countIdle(1)
      return this.dispatch(events)
    }
    const colon = line.indexOf(colonByte)
    if (colon === 0) return this.countIdle(line.length)
    const name = line.toString('latin1', 0, colon === -1 ? line.length : colon)
    const from = line[colon + 1] === space ? colon + 2 : colon + 1
    this.readField(name, colon === -1 ? emptyBuffer : line.subarray(from))
  }

  private readField(name: string, value: Buffer): void {
    this.countIdle(name === 'data' ? 1 : value.length + 1)
    if (name === 'data') return this.addData(value)
    if (name === 'event') this.eventName = textOf(value)
    if (name === 'id' && isEventId(value)) this.pendingId = textOf(value)
    if (name === 'retry' && /^\d{1,9}$/.test(value.toString('latin1'))) this.retryMs = Number(value.toString('latin1'))
  }

  /** Counts bytes without data. Reading them costs time, so only `maxIdleBytes` of them may come per event. */
  private countIdle(bytes: number): void {
    this.idleBytes += bytes
    if (this.idleBytes > maxIdleBytes) throw new SseFault(`more than ${maxIdleBytes} bytes and no event`)
  }

  private addData(value: Buffer): void {
    this.dataBytes += value.length + 1
    if (this.dataBytes > this.maxEventBytes + 1) throw new SseFault(`an event of more than ${this.maxEventBytes} bytes`, true)
    this.data.push(textOf(value))
  }

  /** Some servers begin every message with a byte order mark. */
  private dataText(): string {
    const text = this.data.length === 1 ? (this.data[0] ?? '') : this.data.join('\n')
    return text.charCodeAt(0) === bomCode ? text.slice(1) : text
  }

  private dispatch(events: SseEvent[]): void {
    this.lastEventId = this.pendingId ?? this.lastEventId
    if (this.data.length > 0) this.idleBytes = 0
    if (this.data.length > 0) events.push({ event: this.eventName || 'message', data: this.dataText(), id: this.lastEventId })
    this.data = []
    this.dataBytes = 0
    this.eventName = ''
    this.pendingId = undefined
  }
}

const maxIdBytes = 1024
const bomCode = 0xfeff
/** Between two events. Of a line of data only its end counts, as one byte. */
const maxIdleBytes = 1_000_000

/** Only an id that fits into the `Last-Event-ID` header is kept; any other is ignored. */
const isEventId = (value: Buffer): boolean => value.length <= maxIdBytes && value.every((byte) => byte >= 0x20 && byte < 0x7f)

const firstIndex = (a: number, b: number): number => (a === -1 || (b !== -1 && b < a) ? b : a)

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new SseFault('text that is no UTF-8')
  return bytes.toString('utf8')
}
