import type { IncomingHttpHeaders } from 'node:http'
import Negotiator from 'negotiator'

const json = 'application/json'

/**
 * Whether the client accepts JSON (RFC 9110 section 12.5.1). A request without an Accept header accepts anything.
 * Parameters do not matter: `application/json;charset=utf-8` accepts JSON too.
 */
export function acceptsJson({ accept }: Pick<IncomingHttpHeaders, 'accept'>): boolean {
  if (accept === undefined) return true
  const negotiator = new Negotiator({ headers: { accept } })
  return negotiator.mediaType([json]) === json || negotiator.mediaTypes().some((type) => type.toLowerCase() === json)
}

/** Whether the client accepts gzip (RFC 9110 section 12.5.3). Without an Accept-Encoding header we send plain bytes. */
export function acceptsGzip({ 'accept-encoding': acceptEncoding }: Pick<IncomingHttpHeaders, 'accept-encoding'>): boolean {
  if (acceptEncoding === undefined) return false
  return new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }).encoding(['gzip']) === 'gzip'
}
