import { isIP } from 'node:net'
import { plainAddress } from './network.ts'
import type { IsInside } from './network.ts'

interface Sent {
  /** The address at the other end of the connection. */
  readonly socketAddress: string | undefined
  /** As Node gives them: several headers of a name are joined with commas. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The header in which proxies append whom they heard from: RFC 7239, or the one that was there before it. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded'

/** The proxies that stand before this process. */
export interface ProxiesBefore {
  readonly isTrusted: IsInside
  /** The header that they write. The other is whatever the client wrote, and is not read. */
  readonly header: ForwardedHeader
}

/** Stands for the address of a client that no trusted proxy tells. It is in no network, and fits no binding. */
export const UNKNOWN_ADDRESS = 'unknown'

/**
 * The address of the client of a request: that of the connection, unless a trusted proxy is there. Each proxy appends
 * to its header whom it heard from, and anybody may have written what stands left of that. So the header is read from
 * the right, as long as what is read is a trusted proxy: the first other address is the client's. `unknown` when none
 * is found: without the header, with an entry that is no address (`unknown`, `_hidden`, a broken one), or when all are
 * proxies. A proxy's own address never stands for a client: it is often in a network that tokens are good from.
 */
export function clientAddress({ socketAddress = '', headers }: Sent, { isTrusted, header }: ProxiesBefore): string {
  const peer = plainAddress(socketAddress) ?? socketAddress
  if (!isTrusted(peer)) return peer
  const nodeOf = header === 'forwarded' ? nodeOfElement : trimmed
  for (const entry of textOf(headers[header]).split(',').slice(-maxHops).reverse()) {
    const address = addressOf(nodeOf(entry) ?? '')
    if (address === undefined) return UNKNOWN_ADDRESS
    if (!isTrusted(address)) return address
  }
  return UNKNOWN_ADDRESS
}

/** Chains of proxies are short, and a client may write thousands of entries. */
const maxHops = 32

const textOf = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(',') : (value ?? ''))

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
