import type { LookupAddress, LookupAllOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** Which addresses connections may go to. */
export interface AddressGuard {
  /** Whom the connections go to, for messages. */
  readonly peer: string
  /** Whether the address may be connected to when the URL names this host. */
  admits(address: string, host: string): boolean
}

/** Nothing that the guard stands for may have this address. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

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
