import { isIP, isIPv4 } from 'node:net'
import { networkOf, plainAddress } from '@bir/sdk/network'
import { ApiError } from '../base/api-error.ts'

/**
 * The networks that a token may come from, in CIDR notation (RFC 4632; RFC 4291, section 2.3), each once and written in
 * one way. A single address is a network of its own. Refuses what two readers could take for different networks.
 */
export const tokenNetworks = (texts: readonly string[]): string[] => [...new Set(texts.map(tokenNetwork))].sort()

function tokenNetwork(text: string): string {
  const [address = '', prefix, ...rest] = text.split('/')
  const plain = address.includes('%') ? undefined : plainAddress(address)
  if (plain === undefined || rest.length > 0) throw wrong(text, 'is no network, such as 10.20.0.0/16 or 2001:db8::/32')
  if (isIPv4(plain) && isIP(address) === 6) throw wrong(text, 'is an IPv4 address in IPv6: write it as IPv4')
  const maxBits = isIPv4(plain) ? 32 : 128
  const bits = prefix === undefined ? maxBits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (!(bits <= maxBits)) throw wrong(text, `has no prefix length from 0 to ${maxBits}`)
  const network = networkOf(plain, { ipv4: bits, ipv6: bits }) ?? ''
  if (network !== `${plain}/${bits}`) throw wrong(text, `has bits behind its prefix: write ${network}`)
  return network
}

const wrong = (text: string, why: string) => new ApiError('invalid_input', `networks: ${text} ${why}.`)
