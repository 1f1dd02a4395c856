import type { IncomingMessage } from 'node:http'
import { constants, crc32, deflateRaw } from 'node:zlib'
import type { RequestId } from '../protocol/json-rpc.ts'

const head = Buffer.from('{"jsonrpc":"2.0","result":')
/** RFC 1952 §2.3: deflate, no name, no time, no known system. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
const trailerBytes = 8
const storedHeadBytes = 5

interface Made {
  /** Of `head` and the result: deflate blocks of which none is the last, ending on a whole byte. */
  readonly blocks: Buffer
  readonly crc: number
  readonly length: number
}

const known = new WeakMap<Buffer, Made | 'asked' | 'making'>()

/**
 * The JSON-RPC response with this result as gzip, of which the result was compressed once for all who ask: off the loop, and
 * from the second on, since some results are asked for once. Undefined until that is done. In it the id stands last: what follows
 * the result is all that is made for each.
 */
export function gzipped(id: RequestId, result: Buffer): Buffer | undefined {
  const made = known.get(result)
  if (made === undefined) known.set(result, 'asked')
  if (made === 'asked') make(result)
  if (typeof made !== 'object') return undefined
  const tail = Buffer.from(`,"id":${JSON.stringify(id)}}`)
  return Buffer.concat([gzipHeader, made.blocks, lastBlock(tail), trailer(crc32(tail, made.crc), made.length + tail.length)])
}

/** RFC 9110 §12.5.3: named, and not with a weight of nought. */
export function takesGzip({ headers }: IncomingMessage): boolean {
  const accepted = headers['accept-encoding']
  if (accepted === undefined) return false
  const named = accepted.split(',').map((one) =>
    one
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  )
  return named.some(([coding, weight]) => coding === 'gzip' && !/^q=0(\.0*)?$/.test(weight ?? ''))
}

function make(result: Buffer): void {
  known.set(result, 'making')
  const whole = Buffer.concat([head, result])
  deflateRaw(whole, { finishFlush: constants.Z_SYNC_FLUSH }, (error, blocks) => {
    if (error) known.delete(result) // it goes out as it is
    else known.set(result, { blocks, crc: crc32(whole), length: whole.length })
  })
}

/** RFC 1951 §3.2.4: the last block, not compressed. An id is at most some kilobytes, which one block holds. */
function lastBlock(bytes: Buffer): Buffer {
  const block = Buffer.alloc(storedHeadBytes + bytes.length)
  block.writeUInt8(1, 0)
  block.writeUInt16LE(bytes.length, 1)
  block.writeUInt16LE(bytes.length ^ 0xffff, 3)
  bytes.copy(block, storedHeadBytes)
  return block
}

/** RFC 1952 §2.3.1: of the bytes before compression. */
function trailer(crc: number, length: number): Buffer {
  const bytes = Buffer.alloc(trailerBytes)
  bytes.writeUInt32LE(crc, 0)
  bytes.writeUInt32LE(length, 4)
  return bytes
}
