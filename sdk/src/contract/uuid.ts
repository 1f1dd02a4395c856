const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const pool = new Uint8Array(10 * 128)
let used = pool.length

/** A UUIDv7 (RFC 9562 §5.7): milliseconds, then 74 random bits. */
export function uuidv7(nowMs: number = Date.now()): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const time = nowMs.toString(16).padStart(12, '0')
  const at = used
  used += 10
  const byte = (offset: number) => hex[pool[at + offset] ?? 0] ?? ''
  const version = hex[0x70 | ((pool[at] ?? 0) & 0xf)] ?? ''
  const variant = hex[0x80 | ((pool[at + 2] ?? 0) & 0x3f)] ?? ''
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${byte(1)}-${variant}${byte(3)}-${byte(4)}${byte(5)}${byte(6)}${byte(7)}${byte(8)}${byte(9)}`
}
