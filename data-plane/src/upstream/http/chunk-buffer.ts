/** A piece smaller than this is copied to those before it. */
const smallBytes = 4096
const nothing = Buffer.alloc(0)

/** Bytes that come in pieces of any size: a server that sends them one by one costs no more memory than what it sent. */
export class ChunkBuffer {
  bytes = 0
  private whole: Buffer[] = []
  /** Small pieces, one after the other, in the first `tailBytes` of it. */
  private tail = nothing
  private tailBytes = 0

  /** The piece itself is kept when it is the first, or large. */
  add(piece: Buffer): void {
    const isFirst = this.bytes === 0
    this.bytes += piece.length
    if (!isFirst && piece.length < smallBytes) return this.copy(piece)
    this.closeTail()
    this.whole.push(piece)
  }

  /** All of them as one; what is added later begins anew. */
  take(): Buffer {
    this.closeTail()
    const [first = nothing] = this.whole
    const all = this.whole.length > 1 ? Buffer.concat(this.whole, this.bytes) : first
    this.whole = []
    this.bytes = 0
    return all
  }

  private copy(piece: Buffer): void {
    if (this.tailBytes + piece.length > this.tail.length) this.grow(piece.length)
    piece.copy(this.tail, this.tailBytes)
    this.tailBytes += piece.length
  }

  private grow(byBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.tail.length, this.tailBytes + byBytes, 256))
    this.tail.copy(larger, 0, 0, this.tailBytes)
    this.tail = larger
  }

  private closeTail(): void {
    if (this.tailBytes === 0) return
    this.whole.push(this.tail.subarray(0, this.tailBytes))
    this.tail = nothing
    this.tailBytes = 0
  }
}
