import { Buffer } from 'node:buffer'
import { badUsage } from './fault.ts'

/**
 * Reads a stream to its end as UTF-8. Throws `CliFault` as soon as there is more than `maxBytes`, and reads no further:
 * a wrong file, or a pipe that never ends.
 */
export async function readText(stream: AsyncIterable<Buffer | string>, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of stream) {
    pieces.push(Buffer.from(piece))
    bytes += pieces.at(-1)?.length ?? 0
    if (bytes > maxBytes)
      throw badUsage(`Nothing was sent: stdin has more than ${maxBytes} bytes, and that is the most. Is it the right file?`)
  }
  return Buffer.concat(pieces).toString('utf8')
}
