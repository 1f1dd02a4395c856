let stampMs = -1
let stamp = ''

/** A UUIDv7 (RFC 9562 §5.7): milliseconds, then 74 random bits, which are those of a UUIDv4. */
export function uuidv7(nowMs: number = Date.now()): string {
  if (nowMs !== stampMs) {
    const time = nowMs.toString(16).padStart(12, '0')
    stamp = `${time.slice(0, 8)}-${time.slice(8)}-7`
    stampMs = nowMs
  }
  return stamp + crypto.randomUUID().slice(15)
}
