import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { AddressRefused, guardedLookup } from '@bir/sdk/outgoing/guarded-lookup'
import type { AddressGuard, Resolve } from '@bir/sdk/outgoing/guarded-lookup'
import { buildConnector } from 'undici'

/**
 * Connects only to addresses that the guard admits. It checks the address of each connection, because the name
 * server may give another address than it gave for an earlier check (DNS rebinding).
 */
export function guardedConnector(guard: AddressGuard, connectTimeoutMs: number, resolve: Resolve = lookup): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup: guardedLookup(guard, resolve) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    // Node looks up names only: a literal address never reaches `guardedLookup`.
    if (isIP(host) !== 0 && !guard.admits(host, host)) {
      callback(new AddressRefused(`${host} is not an address a ${guard.peer} may have`), null)
      return
    }
    connect(options, callback)
  }
}
