import { BlockList, isIP, isIPv4 } from 'node:net'
import { planeHostFault } from '@bir/data-plane/catalog'
import { Refusal } from '../base/http.ts'

/** Where planes may say that they are. */
export interface PlaneSites {
  /** Planes may be on this machine. */
  loopback: boolean
  /** Hosts (`plane-a.internal`, `*.planes.internal`) and networks (`10.0.0.0/8`). Empty: anywhere. */
  hosts: readonly string[]
}

/**
 * The address that a plane says it has, as scheme, host and port. Other planes send requests there, so it is refused
 * unless it is an address of this form, and where a plane can be.
 */
export function planeOrigin(text: string, sites: PlaneSites): string {
  const url = URL.parse(text)
  const fault = url ? faultOf(url, sites) : 'it is no URL'
  if (!url || fault !== undefined)
    throw new Refusal(
      400,
      'invalid_request',
      `The plane's internal URL is refused: ${fault}. Set INTERNAL_URL of the plane, such as http://10.0.0.12:8090.`,
    )
  return url.origin
}

function faultOf(url: URL, { loopback, hosts }: PlaneSites): string | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `it begins with ${url.protocol}, not with http: or https:`
  if (url.username !== '' || url.password !== '') return 'it has a user name or a password'
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'it has more than scheme, host and port'
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const isNamed = hosts.some((site) => isAt(host, site))
  if (hosts.length > 0 && !isNamed) return `${host} is not in PLANE_HOSTS of the control plane`
  return planeHostFault(host, loopback || isNamed)
}

function isAt(host: string, site: string): boolean {
  if (site.startsWith('*.')) return host.endsWith(site.slice(1))
  const [network = '', bits] = site.split('/')
  if (bits === undefined || isIP(host) === 0) return host === site
  const list = new BlockList()
  list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6')
  return list.check(host, isIPv4(host) ? 'ipv4' : 'ipv6')
}
