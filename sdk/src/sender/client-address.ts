import { isIP } from 'node:net'
import { plainAddress } from './network.ts'
import type { IsInside } from './network.ts'

interface Sent {
  /** The address at the other end of the connection. */
  readonly socketAddress: string | undefined
  /** As Node gives them: several headers of a name are joined with commas. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * The address of the client of a request: that of the connection, unless a trusted proxy is there. Proxies append to
 * `Forwarded` (RFC 7239) or `X-Forwarded-For` whom they heard from, and anybody may have written what stands left of
 * that. So it is read from the right, as long as what is read is a trusted proxy: the first other address is the
 * client's. An entry that is no address (`unknown`, `_hidden`, a broken one) ends the reading, and the last trusted
 * hop stands for the client. A proxy that appends to one of the headers passes the other on as its client wrote it:
 * where both came and do not agree, the last hop is the connection.
 */
export function clientAddress({ socketAddress = '', headers }: Sent, isTrusted: IsInside): string {
  const peer = plainAddress(socketAddress) ?? socketAddress
  if (!isTrusted(peer)) return peer
  const forwarded = textOf(headers['forwarded'])
  const forwardedFor = textOf(headers['x-forwarded-for'])
  const byStandard = forwarded === undefined ? undefined : readFromRight(peer, forwarded, nodeOfElement, isTrusted)
  const byCustom = forwardedFor === undefined ? undefined : readFromRight(peer, forwardedFor, trimmed, isTrusted)
  if (byStandard === undefined || byCustom === undefined) return byStandard ?? byCustom ?? peer
  return byStandard === byCustom ? byStandard : peer
}

/** Chains of proxies are short, and a client may write thousands of entries. */
const maxHops = 32

const textOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(',') : value)

function readFromRight(peer: string, text: string, nodeOf: (entry: string) => string | undefined, isTrusted: IsInside): string {
  let lastHop = peer
  for (const entry of text.split(',').slice(-maxHops).reverse()) {
    const address = addressOf(nodeOf(entry) ?? '')
    if (address === undefined) return lastHop
    if (!isTrusted(address)) return address
    lastHop = address
  }
  return lastHop
}

const trimmed = (entry: string): string => entry.trim()

/** An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
function addressOf(node: string): string | undefined {
  const [, inBrackets, ipv4] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(node) ?? []
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? plainAddress(inBrackets) : undefined
  return plainAddress(ipv4 ?? node)
}

/**
 * A pair of RFC 7239 §4, its value bare or quoted. The brackets and colons of IPv6 are taken bare too, as some proxies
 * write them. No text that lies inside the quotes of another pair fits: it ends in a quote that it does not open.
 */
const pair = /^([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~:[\]-]+)|"((?:[^"\\]|\\.)*)")$/

/** The value of `for` in one element of `Forwarded`. Undefined when it has none, or the element is not well-formed. */
function nodeOfElement(element: string): string | undefined {
  let node: string | undefined
  for (const text of element.split(';')) {
    const [, name, bare, quoted] = pair.exec(text.trim()) ?? []
    if (name === undefined) return undefined
    if (name.toLowerCase() !== 'for') continue
    if (node !== undefined) return undefined
    node = bare ?? quoted?.replaceAll(/\\(.)/g, '$1')
  }
  return node
}
