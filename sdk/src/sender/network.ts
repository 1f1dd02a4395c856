import { BlockList, isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** How many leading bits of an address name its network (CIDR, RFC 4632 and RFC 4291 §2.3). */
export interface PrefixLengths {
  readonly ipv4: number
  readonly ipv6: number
}

/**
 * The address in its one spelling: IPv4 inside IPv6 (`::ffff:192.0.2.1`) as IPv4, IPv6 as RFC 5952 writes it, without a
 * zone (`%eth0`). Undefined when the text is no address.
 */
export function plainAddress(text: string): string | undefined {
  const family = isIP(text)
  if (family === 4) return text
  if (family === 0) return undefined
  return ipaddr.process(withoutZone(text)).toString()
}

/**
 * The network of an address, such as `192.0.2.0/24` or `2001:db8::/56`. IPv4 inside IPv6 counts as IPv4. Undefined when
 * the text is no address.
 */
export function networkOf(address: string, prefixes: PrefixLengths): string | undefined {
  if (isIP(address) === 0) return undefined
  const parsed = ipaddr.process(withoutZone(address))
  const length = parsed.kind() === 'ipv4' ? prefixes.ipv4 : prefixes.ipv6
  const bytes = parsed.toByteArray().map((byte, at) => byte & maskOf(length - at * 8))
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`
}

const withoutZone = (address: string): string => address.replace(/%.*$/s, '')

/** The mask of one byte of which the first `bits` bits count; all when there are more, none when there are fewer. */
const maskOf = (bits: number): number => (bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff)

/** Words for several networks: this machine; those that the internet does not route (RFC 1918, RFC 4193). */
const words: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Whether an address, in any spelling, lies in one of several networks. False for a text that is no address. */
export type IsInside = (address: string) => boolean

/**
 * Reads networks: `10.0.0.0/8`, `2001:db8::/32`, `10.0.0.7`, `loopback`, `private`. Returns the first item that is none
 * of these as `fault`.
 */
export function readNetworks(
  items: readonly string[],
): { isInside: IsInside; fault?: undefined } | { isInside?: undefined; fault: string } {
  const networks = items.flatMap((item) => words[item] ?? [item])
  const fault = networks.find((network) => !isNetwork(network))
  if (fault !== undefined) return { fault }
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', length] = network.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    list.addSubnet(address, Number(length ?? (family === 'ipv4' ? 32 : 128)), family)
  }
  return {
    isInside(address) {
      const plain = networks.length === 0 ? undefined : plainAddress(address)
      return plain !== undefined && list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
    },
  }
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0 || address.includes('%')) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128))
}
