import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { AddressRefused, guardedLookup } from '@bir/sdk/outgoing/guarded-lookup'
import type { AddressGuard, Resolve } from '@bir/sdk/outgoing/guarded-lookup'
import { openTunnel } from '@bir/sdk/outgoing/proxy-tunnel'
import type { Proxy } from '@bir/sdk/proxies'
import { buildConnector } from 'undici'

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
