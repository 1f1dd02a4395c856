import { isIP } from 'node:net'
import { blockListOf, isOutside, mayReach, METADATA_ADDRESSES } from '@bir/sdk/outgoing/public-address'
import type { AddressGuard } from '@bir/sdk/outgoing/guarded-lookup'

const loopbackAddresses = blockListOf(['127.0.0.0/8'], ['::1/128'])

/** Where no other plane of ours can be: link-local, unspecified, multicast, reserved. */
const planelessAddresses = blockListOf(
  ['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ['::/128', 'fe80::/10', 'ff00::/8'],
)

/** Whether another plane of ours may be reached at this address. `loopback`: also on this machine. */
function mayBePlane(address: string, loopback: boolean): boolean {
  if (isIP(address) === 0) return false
  return isOutside(address, [loopbackAddresses]) ? isOutside(address, [METADATA_ADDRESSES, planelessAddresses]) : loopback
}

export const serverGuard = (privateNetwork: boolean): AddressGuard => ({
  peer: 'server',
  admits: (address) => mayReach(address, privateNetwork),
})

/** A name leads to this machine only when it says so: any other name that does is a trick. */
export const planeGuard: AddressGuard = {
  peer: 'plane',
  admits: (address, host) => mayBePlane(address, isIP(host) !== 0 || isLocalName(host)),
}

/**
 * Says why no plane can be at this host (without the brackets of a URL). Undefined when one can be there, and for a
 * host name: planes look it up and check it when they connect.
 */
export function planeHostFault(host: string, loopback: boolean): string | undefined {
  if (isIP(host) === 0) return isLocalName(host) && !loopback ? thisMachineText(host) : undefined
  if (!mayBePlane(host, true)) return `no plane can be at ${host}`
  return mayBePlane(host, loopback) ? undefined : thisMachineText(host)
}

const thisMachineText = (host: string) => `${host} is the machine itself, where other machines do not reach the plane`

const isLocalName = (host: string) => host === 'localhost' || host.endsWith('.localhost')

/**
 * Says why no server may be at the host of this URL. Undefined when a server may be there, and for a host name: a
 * name is looked up and checked when it is used.
 */
export function hostFault(url: string, privateNetwork: boolean): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIP(host) === 0) return isLocalName(host) && !privateNetwork ? internalHostText(host) : undefined
  if (!mayReach(host, true)) return `${host} is where a cloud hands out a machine's credentials: no server is reached there`
  return mayReach(host, privateNetwork) ? undefined : internalHostText(host)
}

const internalHostText = (host: string) =>
  `${host} is not of the open internet: say privateNetwork: true if the server is inside the company`
