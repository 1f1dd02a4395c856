import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { BlockList, isIP, isIPv4 } from 'node:net'
import { buildConnector } from 'undici'

/** An address that a server may not have. */
class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

/** Where clouds hand out a machine's own credentials: no MCP server lives there. */
const metadata = listOf(['169.254.169.254/32', '169.254.170.2/32', '100.100.100.200/32'], ['fd00:ec2::254/128'])

/** Not the open internet: private, shared, loopback, link-local, multicast, reserved (RFC 6890 and its registries). */
const inside = listOf(
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
  ['::/127', '100::/64', '2001::/23', '2001:db8::/32', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
)

/** Whether a server may be reached at this address. */
export function mayReach(address: string, privateNetwork: boolean): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const refused = privateNetwork ? [metadata] : [metadata, inside]
  const all = family === 4 ? [address] : [address, ...embedded(address)]
  return all.every((one) => refused.every((list) => !list.check(one, isIPv4(one) ? 'ipv4' : 'ipv6')))
}

/** Connects only where a server may be: the address is checked when it is used, not when its name was first looked up. */
export function guardedConnector(privateNetwork: boolean, connectTimeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false, lookup: guardedLookup(privateNetwork) })
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

function guardedLookup(privateNetwork: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
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

/** The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 (64:ff9b::/96) and 6to4 (2002::/16). */
function embedded(address: string): string[] {
  const groups = groupsOf(address)
  if (groups[0] === 0x2002) return [dotted(groups[1], groups[2])]
  const prefix = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':')
  return ['0:0:0:0:0:ffff', '0:0:0:0:0:0', '64:ff9b:0:0:0:0'].includes(prefix) ? [dotted(groups[6], groups[7])] : []
}

/** The eight groups of an IPv6 address; the URL parser writes every spelling one way. */
function groupsOf(address: string): number[] {
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
}

const dotted = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.')

function listOf(four: string[], six: string[]): BlockList {
  const list = new BlockList()
  for (const [family, ranges] of [
    ['ipv4', four],
    ['ipv6', six],
  ] as const) {
    for (const range of ranges) {
      const [net = '', bits] = range.split('/')
      list.addSubnet(net, Number(bits), family)
    }
  }
  return list
}
