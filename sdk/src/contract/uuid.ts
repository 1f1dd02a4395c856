const pool = new Uint8Array(10 * 128)
let used = pool.length

/** A UUIDv7 (RFC 9562 §5.7): milliseconds, then 74 random bits. */
export function uuidv7(nowMs: number = Date.now()): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const random = pool.subarray(used, used + 10)
  used += 10
  const time = nowMs.toString(16).padStart(12, '0')
  const a = (0x7000 | (((random[0] ?? 0) << 4) & 0xff0) | ((random[1] ?? 0) & 0xf)).toString(16)
  const b = (0x8000 | (((random[2] ?? 0) & 0x3f) << 8) | (random[3] ?? 0)).toString(16)
  let tail = ''
  for (let at = 4; at < 10; at++) tail += (0x100 | (random[at] ?? 0)).toString(16).slice(1)
  return `${time.slice(0, 8)}-${time.slice(8)}-${a}-${b}-${tail}`
}
