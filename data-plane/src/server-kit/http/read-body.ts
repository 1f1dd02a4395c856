/** How much of a body is read: all, or an error; or its beginning or end, and the rest is left out. */
export interface BodyLimit {
  readonly maxBytes: number
  readonly keep: 'all' | 'head' | 'tail'
}

export interface ReadBody {
  readonly bytes: Buffer
  /** Something was left out. */
  readonly cut: boolean
  /** How long the body is, where it was read to its end. */
  readonly totalBytes: number | undefined
}

/** The answer is larger than the gateway takes. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** So much passes by at most while the end is looked for. */
const maxPassingBytes = 256 * 1024 * 1024

/** Reads a body as it streams in. It never holds more than the limit and one piece. */
export async function readBody(stream: AsyncIterable<Buffer>, { maxBytes, keep }: BodyLimit): Promise<ReadBody> {
  const pieces: Buffer[] = []
  let heldBytes = 0
  let totalBytes = 0
  for await (const piece of stream) {
    totalBytes += piece.length
    if (keep === 'tail' ? totalBytes > maxPassingBytes : keep === 'all' && totalBytes > maxBytes) throw new BodyTooLarge()
    pieces.push(piece)
    heldBytes += piece.length
    if (keep === 'head' && heldBytes > maxBytes)
      return { bytes: Buffer.concat(pieces).subarray(0, maxBytes), cut: true, totalBytes: undefined }
    if (keep === 'tail') heldBytes -= dropBeginning(pieces, heldBytes - maxBytes)
  }
  const bytes = Buffer.concat(pieces)
  return { bytes: keep === 'tail' ? bytes.subarray(-maxBytes) : bytes, cut: totalBytes > maxBytes, totalBytes }
}

/** Drops the first pieces, as many as are wholly part of the surplus. Returns how many bytes they had. */
function dropBeginning(pieces: Buffer[], surplusBytes: number): number {
  let count = 0
  let droppedBytes = 0
  for (const { length } of pieces) {
    if (droppedBytes + length > surplusBytes) break
    droppedBytes += length
    count++
  }
  pieces.splice(0, count)
  return droppedBytes
}
