import { hash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { z } from 'zod'
import { PREFIX_BITS } from '../contract/settings.ts'
import { UNKNOWN_ADDRESS } from './client-address.ts'
import { networkOf, plainAddress } from './network.ts'
import type { PrefixLengths } from './network.ts'

/**
 * The claim `bnd` of an access token: for whom it was issued. `ip`: the network (`networkHash`). `ua`: the product of
 * the user agent (`productHash`); null when that product is a library that many programs send with, or was not sent:
 * then a plane binds the session to the product of its first call there. Hashes, so that a token tells nobody where
 * its holder was.
 */
export const BindingClaim = z.looseObject({ ip: z.string(), ua: z.string().nullable() })
export type BindingClaim = z.infer<typeof BindingClaim>

/**
 * What a token is bound to when it is issued to this sender. Where nobody can tell the address, it is bound to a
 * network that no address is in: it must not be good from everywhere.
 */
export function bindingOf(
  sid: string,
  { address, userAgent }: { address: string; userAgent: string | undefined },
  prefixes: PrefixLengths,
): BindingClaim {
  const ip = networkHash(sid, address, prefixes) ?? hashFor(sid, UNKNOWN_ADDRESS)
  return { ip, ua: isGenericProduct(userAgent) ? null : productHash(sid, userAgent) }
}

/** The network of an address, hashed for one session. Undefined when the text is no address. */
export function networkHash(sid: string, address: string, prefixes: PrefixLengths): string | undefined {
  const network = networkOf(address, prefixes)
  return network === undefined ? undefined : hashFor(sid, network)
}

/**
 * Whether the network that a token is bound to (`BindingClaim`) is one of this address all the same, with other prefix
 * lengths than are in force: then the setting has changed since the token was issued, and not its holder. It tries each
 * length that the setting allows, 113 for IPv6: ask it only of a token that is refused, and keep the answer where calls
 * come often.
 */
export function isOfOtherPrefix(sid: string, address: string, { ip }: Pick<BindingClaim, 'ip'>): boolean {
  const plain = plainAddress(address)
  if (plain === undefined) return false
  const { min, max } = PREFIX_BITS[isIPv4(plain) ? 'ipv4' : 'ipv6']
  for (let bits = max; bits >= min; bits--) {
    if (networkHash(sid, plain, { ipv4: bits, ipv6: bits }) === ip) return true
  }
  return false
}

/** The product of a user agent, hashed for one session. Whoever sends none has a hash too. */
export const productHash = (sid: string, userAgent: string | undefined): string => hashFor(sid, productOf(userAgent))

/** The first 16 bytes of SHA-256, base64url. */
const hashFor = (sid: string, text: string): string => hash('sha256', `${sid} ${text}`, 'buffer').subarray(0, 16).toString('base64url')

const maxProductChars = 100

/** The name of the first product of a `User-Agent` (RFC 9110 §10.1.5), in lower case, without its version. */
export const productOf = (userAgent: string | undefined): string =>
  (/^[\w!#$%&'*+.^`|~-]+/.exec(userAgent ?? '')?.[0] ?? '').toLowerCase().slice(0, maxProductChars)

/**
 * What HTTP libraries, runtimes and browsers call themselves. Programs that set no name of their own send these, often
 * one at the token endpoint and another at `/mcp`.
 */
const genericProducts = new Set([
  '',
  'aiohttp',
  'apache-httpclient',
  'axios',
  'bun',
  'curl',
  'dart',
  'deno',
  'go-http-client',
  'got',
  'httpx',
  'hyper',
  'java',
  'java-http-client',
  'ktor-client',
  'mozilla',
  'node',
  'node-fetch',
  'node.js',
  'okhttp',
  'python',
  'python-httpx',
  'python-requests',
  'python-urllib',
  'reqwest',
  'ruby',
  'undici',
  'wget',
])

/** Whether the product says nothing of the program that sends: a library, a runtime, a browser, or nothing at all. */
export const isGenericProduct = (userAgent: string | undefined): boolean => genericProducts.has(productOf(userAgent))
