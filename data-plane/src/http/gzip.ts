import { constants, crc32, deflateRaw } from 'node:zlib'
import { idJson } from '../protocol/request-id.ts'
import type { RequestId } from '../protocol/request-id.ts'

const head = Buffer.from('{"jsonrpc":"2.0","result":')
/** RFC 1952 §2.3: deflate, without file name, modification time and operating system. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
const trailerBytes = 8
const storedHeadBytes = 5

interface CompressedResult {
  /** `head` and the result as deflate blocks. None of them is marked as the last, and they end on a byte boundary. */
  readonly blocks: Buffer
  /** CRC-32 and length of `head` and the result before compression. */
  readonly crc: number
  readonly length: number
}

const compressedResults = new WeakMap<Buffer, CompressedResult | 'requested-once' | 'compressing'>()

/**
 * The JSON-RPC response with this result, as gzip; undefined while the result is not compressed yet.
 * A result is compressed once for all requests, off the event loop. Compression begins with the second request,
 * because many results are requested only once. The id comes last in the response: each request needs only a new tail.
 */
export function gzipped(id: RequestId, result: Buffer): Buffer | undefined {
  const compressed = compressedResults.get(result)
  if (compressed === undefined) compressedResults.set(result, 'requested-once')
  if (compressed === 'requested-once') compress(result)
  if (typeof compressed !== 'object') return undefined
  const tail = Buffer.from(`,"id":${idJson(id)}}`)
  const trailer = gzipTrailer(crc32(tail, compressed.crc), compressed.length + tail.length)
  return Buffer.concat([gzipHeader, compressed.blocks, lastBlock(tail), trailer])
}

function compress(result: Buffer): void {
  compressedResults.set(result, 'compressing')
  const plain = Buffer.concat([head, result])
  deflateRaw(plain, { finishFlush: constants.Z_SYNC_FLUSH }, (error, blocks) => {
    if (error) compressedResults.delete(result) // responses are sent uncompressed until a later try succeeds
    else compressedResults.set(result, { blocks, crc: crc32(plain), length: plain.length })
  })
}

/** RFC 1951 §3.2.4: the last block, stored without compression. It holds up to 65,535 bytes, more than any id has. */
function lastBlock(bytes: Buffer): Buffer {
  const block = Buffer.alloc(storedHeadBytes + bytes.length)
  block.writeUInt8(1, 0)
  block.writeUInt16LE(bytes.length, 1)
  block.writeUInt16LE(bytes.length ^ 0xffff, 3)
  bytes.copy(block, storedHeadBytes)
  return block
}

/** RFC 1952 §2.3.1: CRC-32 and length of the bytes before compression. */
function gzipTrailer(crc: number, length: number): Buffer {
  const bytes = Buffer.alloc(trailerBytes)
  bytes.writeUInt32LE(crc, 0)
  bytes.writeUInt32LE(length, 4)
  return bytes
}
