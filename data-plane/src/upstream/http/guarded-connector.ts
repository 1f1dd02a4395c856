import { lookup } from 'node:dns'
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { mayReach } from './address.ts'

/** An address that a server may not have. */
class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

/** Connects only where a server may be: the address is checked when it is used, not when its name was first looked up. */
export function guardedConnector(privateNetwork: boolean, connectTimeoutMs: number, resolve: Resolve = lookup): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup: guardedLookup(privateNetwork, resolve) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    // An address is never looked up, so nobody else would check it.
    if (isIP(host) !== 0 && !mayReach(host, privateNetwork)) {
      callback(new AddressRefused(`${host} is not an address a server may have`), null)
      return
    }
    connect(options, callback)
  }
}

function guardedLookup(privateNetwork: boolean, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const first = error ? undefined : found.find(({ address }) => mayReach(address, privateNetwork))
      if (error) return callback(error, [])
      if (!first) return callback(new AddressRefused(`${hostname} has no address a server may have`), [])
      if (options.all !== true) return callback(null, first.address, first.family)
      callback(
        null,
        found.filter(({ address }) => mayReach(address, privateNetwork)),
      )
    })
  }
}
