/*
 * Arrays in the binary format of Postgres. A statement takes one array per column, however many rows there are, and
 * no value needs escaping.
 */

const oid = { bytea: 17, int8: 20, text: 25, timestamptz: 1184 } as const
const headerBytes = 20
/** Postgres counts time in microseconds from the year 2000. */
const epochMs = Date.UTC(2000, 0, 1)

/** A `text[]` or a `bytea[]`. The bytes are the same for both, but Postgres refuses a NUL in `text`. */
export function textArray(type: 'text' | 'bytea', values: readonly (string | undefined)[]): Buffer {
  let size = headerBytes
  for (const value of values) size += 4 + (value === undefined ? 0 : Buffer.byteLength(value))
  const bytes = newArray(type, values.length, size)
  let at = headerBytes
  for (const value of values) {
    const length = value === undefined ? -1 : bytes.write(value, at + 4)
    at = bytes.writeInt32BE(length, at) + Math.max(0, length)
  }
  return bytes
}

/** A `bigint[]` of safe integers. */
export const bigintArray = (values: readonly number[]): Buffer => int64Array('int8', values)

/** A `timestamptz[]`. */
export const timestamptzArray = (valuesMs: readonly number[]): Buffer =>
  int64Array(
    'timestamptz',
    valuesMs.map((ms) => (ms - epochMs) * 1000),
  )

function int64Array(type: 'int8' | 'timestamptz', values: readonly number[]): Buffer {
  const bytes = newArray(type, values.length, headerBytes + 12 * values.length)
  let at = headerBytes
  for (const value of values) {
    at = bytes.writeInt32BE(8, at)
    at = bytes.writeInt32BE(Math.floor(value / 2 ** 32), at)
    at = bytes.writeUInt32BE(value >>> 0, at)
  }
  return bytes
}

/** A buffer of `size` bytes that begins with the header of an array: one dimension, indexes from 1, nulls allowed. */
function newArray(type: keyof typeof oid, length: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  ;[1, 1, oid[type], length, 1].forEach((value, at) => bytes.writeInt32BE(value, at * 4))
  return bytes
}
