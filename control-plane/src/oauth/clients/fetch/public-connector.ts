import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { AddressRefused, guardedLookup } from '@bir/sdk/outgoing/guarded-lookup'
import type { AddressGuard, Resolve } from '@bir/sdk/outgoing/guarded-lookup'
import { openTunnel } from '@bir/sdk/outgoing/proxy-tunnel'
import { mayReach } from '@bir/sdk/outgoing/public-address'
import type { Proxy } from '@bir/sdk/proxies'
import { buildConnector } from 'undici'

interface Way {
  /** The policy names the host: its address may be private, and only the proxy may know it. */
  isPrivate: boolean
  proxy: Proxy | undefined
  timeoutMs: number
  resolve?: Resolve
}

/**
 * Connects only to public addresses. The address is checked at the connection, so that a name server that answers
 * differently the second time (DNS rebinding) gains nothing. A proxy is asked for the address that was checked.
 */
export function publicConnector({ isPrivate, proxy, timeoutMs, resolve = lookup }: Way): buildConnector.connector {
  const guard: AddressGuard = { peer: 'client', admits: (address) => mayReach(address, isPrivate) }
  const guarded = guardedLookup(guard, resolve)
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false, lookup: guarded })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    // Node looks up names only: a literal address never reaches `guarded`.
    if (isIP(host) !== 0 && !guard.admits(host, host)) return callback(new AddressRefused('no address of a client'), null)
    if (!proxy) return connect(options, callback)
    const tunnelTo = (address: string) =>
      openTunnel(proxy, authorityOf(address, options), timeoutMs, (error, socket) => {
        if (error) return callback(error, null)
        if (options.protocol !== 'https:') return callback(null, socket)
        connect({ ...options, httpSocket: socket }, callback)
      })
    if (isPrivate || isIP(host) !== 0) return tunnelTo(host)
    guarded(host, { all: false }, (error, address) =>
      error ? callback(error, null) : tunnelTo(typeof address === 'string' ? address : (address[0]?.address ?? '')),
    )
  }
}

function authorityOf(address: string, { port, protocol }: buildConnector.Options): string {
  const portNumber = port || (protocol === 'https:' ? '443' : '80')
  return `${isIP(address) === 6 ? `[${address}]` : address}:${portNumber}`
}
