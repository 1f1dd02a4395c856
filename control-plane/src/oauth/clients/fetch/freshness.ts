import type { IncomingHttpHeaders } from 'undici/types/header.js'

const minuteMs = 60_000
const [minMs, usualMs, maxMs] = [5 * minuteMs, 60 * minuteMs, 24 * 60 * minuteMs]

/** How long an answer is used again (RFC 9111, section 4.2.1): 5 minutes to a day, an hour if it says nothing. */
export function freshMsOf(headers: IncomingHttpHeaders): number {
  const control = [headers['cache-control'] ?? ''].flat().join(',').toLowerCase()
  if (/\bno-(?:store|cache)\b/.test(control)) return minMs
  const seconds = /\bmax-age="?(\d{1,12})/.exec(control)?.[1]
  if (seconds === undefined) return usualMs
  const ageSeconds = Number(/^\d{1,12}$/.exec(String(headers['age'] ?? ''))?.[0] ?? 0)
  return Math.min(maxMs, Math.max(minMs, (Number(seconds) - ageSeconds) * 1000))
}
