import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import Negotiator from 'negotiator'

const json = 'application/json'
const eventStream = 'text/event-stream'

/** Clients send the same few headers again and again, and every request asks. */
const jsonVerdicts = new LRUCache<string, boolean>({ max: 100 })
const gzipVerdicts = new LRUCache<string, boolean>({ max: 100 })

/**
 * Whether the client accepts JSON (RFC 9110 section 12.5.1). A request without an Accept header accepts anything.
 * Parameters do not matter: `application/json;charset=utf-8` accepts JSON too.
 */
export const acceptsJson = ({ accept }: Pick<IncomingHttpHeaders, 'accept'>): boolean =>
  accept === undefined || remembered(jsonVerdicts, accept, readsJson)

/**
 * Whether the client names event streams among what it accepts. One that takes anything, as curl says of itself, may
 * still read nothing but JSON.
 */
export const namesEventStream = ({ accept }: Pick<IncomingHttpHeaders, 'accept'>): boolean =>
  accept !== undefined && new Negotiator({ headers: { accept } }).mediaTypes().some((type) => type.toLowerCase() === eventStream)

/** Whether the client accepts gzip (RFC 9110 section 12.5.3). Without an Accept-Encoding header we send plain bytes. */
export const acceptsGzip = ({ 'accept-encoding': acceptEncoding }: Pick<IncomingHttpHeaders, 'accept-encoding'>): boolean =>
  acceptEncoding !== undefined && remembered(gzipVerdicts, acceptEncoding, readsGzip)

function readsJson(accept: string): boolean {
  const negotiator = new Negotiator({ headers: { accept } })
  return negotiator.mediaType([json]) === json || negotiator.mediaTypes().some((type) => type.toLowerCase() === json)
}

const readsGzip = (acceptEncoding: string): boolean =>
  new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }).encoding(['gzip']) === 'gzip'

function remembered(verdicts: LRUCache<string, boolean>, header: string, read: (header: string) => boolean): boolean {
  const verdict = verdicts.get(header) ?? read(header)
  verdicts.set(header, verdict)
  return verdict
}
