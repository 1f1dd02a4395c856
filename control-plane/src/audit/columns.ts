/** Arrays as Postgres receives them in binary: one a column, however many rows there are, and nothing in them needs escaping. */

const oid = { bytea: 17, int8: 20, text: 25, timestamptz: 1184 } as const
const headBytes = 20
/** Postgres counts time in µs from the year 2000. */
const epochMs = Date.UTC(2000, 0, 1)

/** `text[]` or `bytea[]`: both are bytes, of which a text may hold no NUL. */
export function texts(type: 'text' | 'bytea', values: readonly (string | undefined)[]): Buffer {
  let size = headBytes
  for (const value of values) size += 4 + (value === undefined ? 0 : Buffer.byteLength(value))
  const bytes = begun(type, values.length, size)
  let at = headBytes
  for (const value of values) {
    const length = value === undefined ? -1 : bytes.write(value, at + 4)
    at = bytes.writeInt32BE(length, at) + Math.max(0, length)
  }
  return bytes
}

/** `bigint[]` of safe integers. */
export const bigints = (values: readonly number[]): Buffer => eights('int8', values)

/** `timestamptz[]`. */
export const instants = (valuesMs: readonly number[]): Buffer =>
  eights(
    'timestamptz',
    valuesMs.map((ms) => (ms - epochMs) * 1000),
  )

function eights(type: 'int8' | 'timestamptz', values: readonly number[]): Buffer {
  const bytes = begun(type, values.length, headBytes + 12 * values.length)
  let at = headBytes
  for (const value of values) {
    at = bytes.writeInt32BE(8, at)
    at = bytes.writeInt32BE(Math.floor(value / 2 ** 32), at)
    at = bytes.writeUInt32BE(value >>> 0, at)
  }
  return bytes
}

/** One dimension from 1 on; it may hold nulls. */
function begun(type: keyof typeof oid, length: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  ;[1, 1, oid[type], length, 1].forEach((value, at) => bytes.writeInt32BE(value, at * 4))
  return bytes
}
