import { lookup } from 'node:dns'
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import type { AddressGuard } from './address.ts'

/** Nothing that the guard stands for may have this address. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

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

/** Looks a name up, and gives only addresses that the guard admits. */
export function guardedLookup(guard: AddressGuard, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const allowed = error ? [] : addresses.filter(({ address }) => guard.admits(address, hostname.replace(/\.$/, '')))
      const [first] = allowed
      if (error) return callback(error, [])
      if (!first) return callback(new AddressRefused(`${hostname} has no address a ${guard.peer} may have`), [])
      if (options.all !== true) return callback(null, first.address, first.family)
      callback(null, allowed)
    })
  }
}
