/** A chunk smaller than this is copied behind the small chunks before it. */
const smallBytes = 4096
const emptyBuffer = Buffer.alloc(0)

/**
 * Collects bytes that come in chunks of any size. A server that sends single bytes costs no more memory than it sent.
 */
export class ChunkBuffer {
  bytes = 0
  private chunks: Buffer[] = []
  /** Small chunks, one after the other. They fill the first `tailBytes` bytes of it. */
  private tail = emptyBuffer
  private tailBytes = 0

  /** Keeps the chunk itself when it is the first or large; otherwise copies it. */
  add(chunk: Buffer): void {
    const isFirst = this.bytes === 0
    this.bytes += chunk.length
    if (!isFirst && chunk.length < smallBytes) return this.copy(chunk)
    this.closeTail()
    this.chunks.push(chunk)
  }

  /** Returns all bytes as one buffer and empties this one. */
  take(): Buffer {
    this.closeTail()
    const [first = emptyBuffer] = this.chunks
    const joined = this.chunks.length > 1 ? Buffer.concat(this.chunks, this.bytes) : first
    this.chunks = []
    this.bytes = 0
    return joined
  }

  private copy(chunk: Buffer): void {
    if (this.tailBytes + chunk.length > this.tail.length) this.growTail(chunk.length)
    chunk.copy(this.tail, this.tailBytes)
    this.tailBytes += chunk.length
  }

  private growTail(byBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.tail.length, this.tailBytes + byBytes, 256))
    this.tail.copy(larger, 0, 0, this.tailBytes)
    this.tail = larger
  }

  private closeTail(): void {
    if (this.tailBytes === 0) return
    this.chunks.push(this.tail.subarray(0, this.tailBytes))
    this.tail = emptyBuffer
    this.tailBytes = 0
  }
}
