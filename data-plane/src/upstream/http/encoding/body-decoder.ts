import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import type { Transform } from 'node:stream'
import { growthFault, protocolFault } from '../../faults.ts'
import type { UpstreamFault } from '../../upstream.ts'

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd'

const codings: Record<string, Coding> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'br', zstd: 'zstd' }
/** Text that a server writes for people or models shrinks to a tenth or so. Zeros shrink to a thousandth. */
const maxRatio = 200
/** So much may come of any few bytes. */
const freeBytes = 1_000_000

/**
 * The coding of a body by its `Content-Encoding` (RFC 9110, section 8.4.1); undefined when it has none. Throws
 * `UpstreamFault` for several codings, and for one that is not read here.
 */
export function codingOf(contentEncoding: string | readonly string[] | undefined): Coding | undefined {
  if (contentEncoding === undefined) return undefined
  const named = String(contentEncoding)
    .split(',')
    .map((name) => name.trim().toLowerCase())
  const applied = named.filter((name) => name !== '' && name !== 'identity')
  const [name] = applied
  if (name === undefined) return undefined
  if (applied.length > 1) throw protocolFault(`an answer in several codings (${shown(applied)}): one at most is read`)
  const coding = codings[name]
  if (!coding) throw protocolFault(`an answer encoded as ${shown(applied)}: gzip, deflate, br and zstd are read`)
  return coding
}

const shown = (names: readonly string[]) => names.join(', ').slice(0, 80)

interface DecoderOptions {
  readonly onData: (chunk: Buffer) => void
  readonly onEnd: () => void
  readonly onFault: (fault: UpstreamFault) => void
  /** Stop and restart the sender of the compressed bytes. */
  readonly pause: () => void
  readonly resume: () => void
}

/**
 * Decodes a compressed body while it arrives. It holds back the sender while bytes wait to be decoded or taken, so
 * that few bytes that become many fill no memory; a body that grows beyond all measure is refused.
 */
export class BodyDecoder {
  private readonly coding: Coding
  private readonly options: DecoderOptions
  /** Made with the first bytes: a body may be empty. */
  private stream: Transform | undefined
  private bytesIn = 0
  private bytesOut = 0
  private isFull = false
  private isHeld = false
  private isOver = false

  constructor(coding: Coding, options: DecoderOptions) {
    this.coding = coding
    this.options = options
  }

  push(chunk: Buffer): void {
    if (this.isOver || chunk.length === 0) return
    this.bytesIn += chunk.length
    this.stream ??= this.open(chunk)
    if (this.stream.write(chunk) || this.isFull) return
    this.isFull = true
    this.options.pause()
  }

  /** All compressed bytes have come. `onEnd` follows once they are decoded. */
  end(): void {
    if (this.stream) this.stream.end()
    else if (!this.isOver) this.options.onEnd()
  }

  /** Whoever takes the bytes is busy. */
  hold(): void {
    this.isHeld = true
    this.stream?.pause()
  }

  goOn(): void {
    this.isHeld = false
    this.stream?.resume()
    if (!this.isFull) this.options.resume()
  }

  /** Nothing more of it is wanted. */
  destroy(): void {
    this.isOver = true
    this.stream?.destroy()
  }

  private open(first: Buffer): Transform {
    const stream = decoderOf(this.coding, first)
    stream.on('data', (chunk: Buffer) => this.take(chunk))
    stream.on('drain', () => {
      this.isFull = false
      if (!this.isHeld) this.options.resume()
    })
    stream.on('end', () => this.isOver || this.options.onEnd())
    // The message of zlib tells the fault of the data, and repeats none of it.
    stream.on('error', () => this.fail(protocolFault(`an answer that is not ${this.coding}, or is cut off`)))
    return stream
  }

  private take(chunk: Buffer): void {
    if (this.isOver) return
    this.bytesOut += chunk.length
    if (this.bytesOut > freeBytes && this.bytesOut > this.bytesIn * maxRatio) return this.fail(growthFault(maxRatio))
    this.options.onData(chunk)
  }

  private fail(fault: UpstreamFault): void {
    if (this.isOver) return
    this.destroy()
    this.options.onFault(fault)
  }
}

function decoderOf(coding: Coding, first: Buffer): Transform {
  if (coding === 'gzip') return createGunzip()
  if (coding === 'br') return createBrotliDecompress()
  if (coding === 'zstd') return createZstdDecompress()
  // `deflate` means the zlib format, but some servers send the bare data (RFC 9110, section 8.4.1.2).
  return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw()
}
