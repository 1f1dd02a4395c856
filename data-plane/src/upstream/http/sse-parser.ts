import { isUtf8 } from 'node:buffer'
import { ChunkBuffer } from './chunk-buffer.ts'

/** One event of a `text/event-stream` (HTML, section 9.2). */
export interface SseEvent {
  /** `message` where the stream named none. */
  readonly event: string
  readonly data: string
  /** The last id the stream gave, in this event or before it. */
  readonly id: string | undefined
}

export interface SseLimits {
  /** The most the data of one event may hold. */
  readonly maxEventBytes: number
  /** The most one line may hold, comments included. */
  readonly maxLineBytes?: number
}

/** The stream is not one we can or will read. */
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
const nothing = Buffer.alloc(0)
const bom = Buffer.from([0xef, 0xbb, 0xbf])

/** Reads a stream of events as its bytes come, cut anywhere. Holds no more than one event and one line; text that is no UTF-8 is refused, and so is a stream that says much and nothing. */
export class SseParser {
  /** What the stream last asked for by `retry:`. */
  retryMs: number | undefined
  lastEventId: string | undefined
  private readonly maxEventBytes: number
  private readonly maxLineBytes: number
  /** Since the last event. */
  private idleBytes = 0
  /** The pieces of a line whose end has not come. */
  private readonly pieces = new ChunkBuffer()
  private afterCr = false
  private started = false
  private data: string[] = []
  private dataBytes = 0
  private eventName = ''
  private idGiven: string | undefined

  constructor({ maxEventBytes, maxLineBytes = maxEventBytes + 1024 }: SseLimits) {
    this.maxEventBytes = maxEventBytes
    this.maxLineBytes = maxLineBytes
  }

  /** The events that these bytes complete. Throws `SseFault`. */
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
      const end = earlier(chunk.indexOf(lf, from), nextCr)
      if (end === -1) break
      this.afterCr = chunk[end] === cr
      this.readLine(this.wholeLine(chunk.subarray(from, end)), events)
      from = end + 1
    }
    this.keep(chunk.subarray(from))
    return events
  }

  private keep(rest: Buffer): void {
    if (rest.length === 0) return
    if (this.pieces.bytes + rest.length > this.maxLineBytes) throw this.longLine()
    // Copied: a small rest must not hold the socket's whole buffer.
    this.pieces.add(this.pieces.bytes === 0 ? Buffer.from(rest) : rest)
  }

  private wholeLine(last: Buffer): Buffer {
    if (this.pieces.bytes + last.length > this.maxLineBytes) throw this.longLine()
    const line = this.pieces.bytes === 0 ? last : this.joined(last)
    if (this.started) return line
    this.started = true
    return line.subarray(0, 3).equals(bom) ? line.subarray(3) : line
  }

  private joined(last: Buffer): Buffer {
    this.pieces.add(last)
    return this.pieces.take()
  }

  private longLine(): SseFault {
    return new SseFault(`a line of more than ${this.maxLineBytes} bytes`, true)
  }

  private readLine(line: Buffer, events: SseEvent[]): void {
    if (line.length === 0) {
      this.idle(1)
      return this.dispatch(events)
    }
    const colon = line.indexOf(colonByte)
    if (colon === 0) return this.idle(line.length)
    const name = line.toString('latin1', 0, colon === -1 ? line.length : colon)
    const from = line[colon + 1] === space ? colon + 2 : colon + 1
    this.readField(name, colon === -1 ? nothing : line.subarray(from))
  }

  private readField(name: string, value: Buffer): void {
    this.idle(name === 'data' ? 1 : value.length + 1)
    if (name === 'data') return this.addData(value)
    if (name === 'event') this.eventName = textOf(value)
    if (name === 'id' && isEventId(value)) this.idGiven = textOf(value)
    if (name === 'retry' && /^\d{1,9}$/.test(value.toString('latin1'))) this.retryMs = Number(value.toString('latin1'))
  }

  /** What says nothing costs something to read. */
  private idle(bytes: number): void {
    this.idleBytes += bytes
    if (this.idleBytes > maxIdleBytes) throw new SseFault(`more than ${maxIdleBytes} bytes and no event`)
  }

  private addData(value: Buffer): void {
    this.dataBytes += value.length + 1
    if (this.dataBytes > this.maxEventBytes + 1) throw new SseFault(`an event of more than ${this.maxEventBytes} bytes`, true)
    this.data.push(textOf(value))
  }

  private dispatch(events: SseEvent[]): void {
    this.lastEventId = this.idGiven ?? this.lastEventId
    if (this.data.length > 0) this.idleBytes = 0
    if (this.data.length > 0) events.push({ event: this.eventName || 'message', data: this.data.join('\n'), id: this.lastEventId })
    this.data = []
    this.dataBytes = 0
    this.eventName = ''
    this.idGiven = undefined
  }
}

const longestId = 1024
/** Between two events, such as comments; a line of data counts as one. */
const maxIdleBytes = 1_000_000

/** Fit to be sent back as a header; any other is as good as none. */
const isEventId = (value: Buffer): boolean => value.length <= longestId && value.every((byte) => byte >= 0x20 && byte < 0x7f)

const earlier = (a: number, b: number): number => (a === -1 || (b !== -1 && b < a) ? b : a)

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new SseFault('text that is no UTF-8')
  return bytes.toString('utf8')
}
