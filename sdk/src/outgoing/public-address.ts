import { BlockList, isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Where clouds hand out a machine's own credentials. Nothing that anybody may name has such an address. */
export const METADATA_ADDRESSES = blockListOf(
  ['169.254.169.254/32', '169.254.170.2/32', '169.254.170.23/32', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32'],
  ['fd00:ec2::254/128', 'fd00:ec2::23/128', 'fd20:ce::254/128'],
)

/** Not the open internet: private, shared, loopback, link-local, multicast, reserved (RFC 6890 and its registries). */
const internalAddresses = blockListOf(
  [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  ['::/127', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
)

/**
 * Whether what somebody named may be reached at this address: on the open internet, and with `privateNetwork` inside
 * the company too. Never where a cloud hands out credentials.
 */
export const mayReach = (address: string, privateNetwork: boolean): boolean =>
  isOutside(address, privateNetwork ? [METADATA_ADDRESSES] : [METADATA_ADDRESSES, internalAddresses])

/** Whether the address, and an IPv4 address inside it, is in none of the lists. False for a text that is none. */
export function isOutside(address: string, blockLists: BlockList[]): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const addresses = family === 4 ? [address] : [address, ...embeddedIpv4(address)]
  return addresses.every((candidate) => blockLists.every((list) => !list.check(candidate, isIPv4(candidate) ? 'ipv4' : 'ipv6')))
}

/**
 * The IPv4 address inside an IPv6 one; none or one. It may be mapped (::ffff:0:0/96), compatible (::/96),
 * translated (::ffff:0:0:0/96), NAT64 (64:ff9b::/32) or 6to4 (2002::/16).
 */
function embeddedIpv4(address: string): string[] {
  const { parts } = ipaddr.IPv6.parse(address.replace(/%.*$/, ''))
  if (parts[0] === 0x2002) return [dottedQuad(parts[1], parts[2])]
  const isNat64 = parts[0] === 0x64 && parts[1] === 0xff9b
  return isNat64 || ipv4Prefixes.has(parts.slice(0, 6).join(':')) ? [dottedQuad(parts[6], parts[7])] : []
}

/** The first six groups of a mapped, a compatible and a translated address. */
const ipv4Prefixes = new Set(['0:0:0:0:0:65535', '0:0:0:0:0:0', '0:0:0:0:65535:0'])

const dottedQuad = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.')

export function blockListOf(ipv4Ranges: string[], ipv6Ranges: string[]): BlockList {
  const list = new BlockList()
  for (const range of [...ipv4Ranges, ...ipv6Ranges]) {
    const [network = '', bits] = range.split('/')
    list.addSubnet(network, Number(bits), isIPv4(network) ? 'ipv4' : 'ipv6')
  }
  return list
}
