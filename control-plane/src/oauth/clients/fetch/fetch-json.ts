import { AddressRefused } from '@bir/sdk/outgoing/guarded-lookup'
import type { Resolve } from '@bir/sdk/outgoing/guarded-lookup'
import type { ProxyFor } from '@bir/sdk/proxies'
import { Agent, request } from 'undici'
import type { buildConnector, Dispatcher } from 'undici'
import { FetchFault, FetchLimited } from './fetch-fault.ts'
import { createFetchLimits } from './fetch-limits.ts'
import { freshMsOf } from './freshness.ts'
import { publicConnector } from './public-connector.ts'

const timeoutMs = 5_000
const maxBytes = 10 * 1024

interface Asked {
  /** Of the answer that is there already. */
  etag?: string | undefined
  /** The policy names the host: its address may be private; one of this machine may be `http://`. */
  isPrivate: boolean
}

interface Fetched {
  /** Undefined: it is still that of the etag. */
  json: unknown
  etag: string | undefined
  /** How long it may be used without asking again. */
  freshMs: number
}

export type FetchJson = (url: URL, asked: Asked) => Promise<Fetched>

/**
 * Fetches JSON from a URL that somebody unknown has named: by https, without redirects, from a public address only, 10
 * KiB within 5 s at most. Throws a `FetchFault`.
 */
export function jsonFetcher({ proxyFor, resolve }: { proxyFor: ProxyFor; resolve?: Resolve }): FetchJson {
  const limited = createFetchLimits()
  return async function fetchJson(url, { etag, isPrivate }) {
    refuseScheme(url, isPrivate)
    const way = { isPrivate, proxy: proxyFor(url), timeoutMs, ...(resolve && { resolve }) }
    const { connect, isConnected } = noting(publicConnector(way))
    const dispatcher = new Agent({ connect, maxHeaderSize: 16 * 1024, pipelining: 0 })
    try {
      return await limited(url.host, () => ask(url, dispatcher, etag))
    } catch (error) {
      throw faultOf(error, isConnected())
    } finally {
      await dispatcher.destroy()
    }
  }
}

const loopbackHosts = ['127.0.0.1', '[::1]', 'localhost']

/** On this machine `http://` is taken where the policy says so, and without that it is like every private address. */
function refuseScheme({ protocol, hostname }: URL, isPrivate: boolean): void {
  if (protocol === 'https:') return
  if (protocol !== 'http:' || !loopbackHosts.includes(hostname)) throw new FetchFault('its URL must be https://', 'content')
  if (!isPrivate) throw noWay({ kind: 'gone' })
}

/** The connector, and whether it has connected. */
function noting(connector: buildConnector.connector): { connect: buildConnector.connector; isConnected: () => boolean } {
  let connected = false
  const connect: buildConnector.connector = (options, callback) =>
    connector(options, (...outcome) => {
      connected ||= outcome[0] === null
      callback(...outcome)
    })
  return { connect, isConnected: () => connected }
}

async function ask(url: URL, dispatcher: Dispatcher, etag: string | undefined): Promise<Fetched> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...(etag === undefined ? {} : { 'if-none-match': etag }) },
  })
  const freshMs = freshMsOf(headers)
  if (statusCode === 304 && etag !== undefined) return { json: undefined, etag, freshMs }
  refuseAnswer(statusCode, headers['content-type'], headers['content-encoding'])
  return { json: parse(await bytesOf(body)), etag: etagOf(headers['etag']), freshMs }
}

function refuseAnswer(status: number, type: string | string[] = '', encoding: string | string[] = 'identity'): void {
  if (status >= 300 && status < 400) throw new FetchFault('its host answers with a redirect, which is not followed', 'content')
  if (status === 429 || status >= 500) throw new FetchFault(`its host answers with HTTP ${status}`, 'host')
  if (status !== 200) throw new FetchFault(`its host answers with HTTP ${status}`, 'content')
  if (!/^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i.test(String(type)))
    throw new FetchFault('it is not served as application/json', 'content')
  if (encoding !== 'identity') throw new FetchFault('it is compressed, which was not asked for', 'content')
}

async function bytesOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > maxBytes) throw new FetchFault(`it is over ${maxBytes} bytes`, 'content')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new FetchFault('it is not JSON', 'content')
  }
}

const etagOf = (etag: string | string[] | undefined) => (typeof etag === 'string' && /^[\x21-\x7e]{1,200}$/.test(etag) ? etag : undefined)

/** Codes of OpenSSL and Node for a certificate that is not accepted. */
const certificateCodes = /CERT|ERR_TLS|UNABLE_TO|SELF_SIGNED/

function faultOf(error: unknown, isConnected: boolean): FetchFault | FetchLimited {
  if (error instanceof FetchFault || error instanceof FetchLimited) return error
  const causes = [error, error instanceof Error ? error.cause : undefined]
  if (causes.some((cause) => cause instanceof AddressRefused)) return noWay({ kind: 'gone', cause: error })
  const codes = causes.map((cause) => (cause instanceof Error && 'code' in cause ? String(cause.code) : ''))
  if (codes.some((code) => certificateCodes.test(code)))
    return new FetchFault('the certificate of its host is not trusted here', 'certificate', { cause: error })
  if (codes.some((code) => code.startsWith('ERR_SSL')))
    return new FetchFault('its host does not speak TLS as it must', 'host', { cause: error })
  if (!isConnected) return noWay({ cause: error })
  const isLate = causes.some((cause) => cause instanceof Error && cause.name === 'TimeoutError')
  return new FetchFault(isLate ? 'its host did not answer in time' : 'its host broke off its answer', 'host', { cause: error })
}

/** One sentence for an address inside and for one that is not there: it tells nothing of the network here. */
const noWay = (options: { kind?: 'gone'; cause?: unknown }) =>
  new FetchFault('its host cannot be reached from here, or has no public address', 'way', options)
