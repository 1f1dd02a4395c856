let prefixMs = -1
let prefix = ''

/**
 * Makes a UUIDv7 (RFC 9562, section 5.7): the time in milliseconds, then 74
 * random bits from a UUIDv4. Ids of the same millisecond are in no order.
 */
export function uuidv7(nowMs: number = Date.now()): string {
  if (nowMs !== prefixMs) {
    const time = nowMs.toString(16).padStart(12, '0')
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`
    prefixMs = nowMs
  }
  return prefix + crypto.randomUUID().slice(15)
}
