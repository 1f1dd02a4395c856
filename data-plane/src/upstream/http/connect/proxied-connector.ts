import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { AddressGuard } from './address.ts'
import { AddressRefused, guardedLookup } from './guarded-connector.ts'
import type { Resolve } from './guarded-connector.ts'
import type { Proxy } from '@bir/sdk/proxies'

/** The proxy is not there, or does not let the connection through. */
class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused'
}

/**
 * Connects through a proxy, by CONNECT (RFC 9110, section 9.3.6) for http:// too. A literal address is checked as
 * always. A name is left to the proxy, which alone may know it; with `pinned` it is looked up and checked here, and the
 * proxy is asked for that very address.
 */
export function proxiedConnector(
  proxy: Proxy,
  guard: AddressGuard,
  connectTimeoutMs: number,
  { pinned, resolve = lookup }: { pinned: boolean; resolve?: Resolve },
): buildConnector.connector {
  const secure = buildConnector({ timeout: connectTimeoutMs, allowH2: false })
  const addressOf = guardedLookup(guard, resolve)
  return (options, callback) => {
    const fail = (error: Error) => callback(error, null)
    const host = options.hostname.replace(/^\[|\]$/g, '')
    const isAddress = isIP(host) !== 0
    if (isAddress && !guard.admits(host, host)) return fail(new AddressRefused(`${host} is not an address a ${guard.peer} may have`))
    const port = options.port || (options.protocol === 'https:' ? '443' : '80')
    const connectTo = (address: string) => {
      const authority = `${isIP(address) === 6 ? `[${address}]` : address}:${port}`
      openTunnel(proxy, authority, connectTimeoutMs, (error, socket) => {
        if (error) return fail(error)
        if (options.protocol === 'https:') return secure({ ...options, httpSocket: socket }, callback)
        callback(null, socket)
      })
    }
    if (!pinned || isAddress) return connectTo(host)
    addressOf(host, { all: false }, (error, address) => (error ? fail(error) : connectTo(addressIn(address))))
  }
}

/** A look-up for one address gives text. */
const addressIn = (found: string | readonly LookupAddress[]): string => (typeof found === 'string' ? found : (found[0]?.address ?? ''))

type Opened = (...outcome: [ProxyRefused, null] | [null, Socket]) => void

/** Opens a connection to `authority` through the proxy. A failure names the proxy, and no credential. */
function openTunnel({ url, authorization }: Proxy, authority: string, timeoutMs: number, done: Opened): void {
  const refuse = (why: string) => done(new ProxyRefused(`the proxy ${url.host} ${why}`), null)
  const fail = (error: NodeJS.ErrnoException) => refuse(`cannot be reached (${error.code ?? 'unknown error'})`)
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: { host: authority, ...(authorization !== undefined && { 'proxy-authorization': authorization }) },
  })
  const timer = setTimeout(() => request.destroy(Object.assign(new Error(), { code: 'no answer in time' })), timeoutMs).unref()
  request.once('close', () => clearTimeout(timer))
  request.once('connect', ({ statusCode = 0 }, socket: Socket, head) => {
    clearTimeout(timer)
    request.off('error', fail)
    if (statusCode < 200 || statusCode > 299) {
      socket.destroy()
      return refuse(`answered CONNECT with HTTP ${statusCode}`)
    }
    if (head.length > 0) socket.unshift(head)
    done(null, socket)
  })
  request.once('error', fail)
  request.end()
}
