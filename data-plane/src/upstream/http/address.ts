import { BlockList, isIP, isIPv4 } from 'node:net'

/** Where clouds hand out a machine's own credentials: no MCP server lives there. */
const metadata = listOf(
  ['169.254.169.254/32', '169.254.170.2/32', '169.254.170.23/32', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32'],
  ['fd00:ec2::254/128', 'fd00:ec2::23/128', 'fd20:ce::254/128'],
)

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
  ['::/127', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
)

/** Whether a server may be reached at this address. */
export function mayReach(address: string, privateNetwork: boolean): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const refused = privateNetwork ? [metadata] : [metadata, inside]
  const all = family === 4 ? [address] : [address, ...embedded(address)]
  return all.every((one) => refused.every((list) => !list.check(one, isIPv4(one) ? 'ipv4' : 'ipv6')))
}

/** Why no server may be at the host of this address, in words; undefined where one may, and for a name, which is looked up when it is used. */
export function hostFault(url: string, privateNetwork: boolean): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const isLocal = host === 'localhost' || host.endsWith('.localhost')
  if (isIP(host) === 0) return isLocal && !privateNetwork ? insideSays(host) : undefined
  if (!mayReach(host, true)) return `${host} is where a cloud hands out a machine's credentials: no server is reached there`
  return mayReach(host, privateNetwork) ? undefined : insideSays(host)
}

const insideSays = (host: string) => `${host} is not of the open internet: say privateNetwork: true if the server is inside the company`

/** The IPv4 address inside an IPv6 one: mapped, compatible, translated (::ffff:0:0:0/96), NAT64 (64:ff9b::/32) and 6to4 (2002::/16). */
function embedded(address: string): string[] {
  const groups = groupsOf(address)
  if (groups[0] === 0x2002) return [dotted(groups[1], groups[2])]
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return [dotted(groups[6], groups[7])]
  const prefix = groups.slice(0, 6).map((group) => group.toString(16))
  return ['0:0:0:0:0:ffff', '0:0:0:0:0:0', '0:0:0:0:ffff:0'].includes(prefix.join(':')) ? [dotted(groups[6], groups[7])] : []
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
