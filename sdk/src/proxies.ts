import { BlockList, isIP, isIPv4 } from 'node:net'
import { z } from 'zod'
import { envName } from './read-env.ts'
import type { Env } from './read-env.ts'

/** An HTTP proxy, by which servers outside the network are reached. */
export interface Proxy {
  /** Without the credential. */
  readonly url: URL
  /** The value of `Proxy-Authorization`: a secret. */
  readonly authorization: string | undefined
}

/** The proxy for a request to this URL; undefined when it goes to the server directly. */
export type ProxyFor = (target: URL) => Proxy | undefined

export interface ProxySettings {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  /** Names, addresses and networks that are reached directly, separated by commas or blanks. */
  readonly noProxy: string
}

/** With `http://` where it names no scheme. A fault repeats nothing of it: it may hold a password. */
const ProxyAddress = z
  .string()
  .transform((text) => (text.includes('://') ? text : `http://${text}`))
  .refine(isProxyAddress, 'must be the http:// or https:// address of a proxy')

function isProxyAddress(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text)
    return /^https?:$/.test(protocol) && decodeURIComponent(username + password) !== undefined
  } catch {
    return false
  }
}

/** The settings of a process that say which proxies it uses. */
export const proxyShape = {
  httpProxy: ProxyAddress.optional(),
  httpsProxy: ProxyAddress.optional(),
  noProxy: z.string().default(''),
}

/** Settings whose address may be http:// in every stage: what goes to a server by https is sealed inside. */
export const PROXY_KEYS = Object.keys(proxyShape)

/** The variables in small letters, which go before those in capitals, as in other programs. */
export function smallProxyVariables(env: Env): Record<string, string> {
  const found = PROXY_KEYS.map((key) => [key, env[envName(key).toLowerCase()] ?? ''] as const)
  return Object.fromEntries(found.filter(([, value]) => value !== ''))
}

export const noProxies: ProxyFor = () => undefined

/**
 * What the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY say, in the way that is usual. The scheme of the target
 * chooses the proxy. An entry of NO_PROXY is `*`, a name that stands for itself and all below it, an address, a
 * network, or one of these with a port. This machine is never reached through a proxy.
 */
export function proxyRules({ httpProxy, httpsProxy, noProxy }: ProxySettings): ProxyFor {
  const byScheme = new Map([
    ['http:', proxyOf(httpProxy)],
    ['https:', proxyOf(httpsProxy)],
  ])
  if (!byScheme.get('http:') && !byScheme.get('https:')) return noProxies
  const exceptions = noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(exceptionOf)
  return function proxyFor(target) {
    const host = target.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
    if (isThisMachine(host)) return undefined
    const port = target.port === '' ? defaultPorts[target.protocol] : target.port
    return exceptions.some((covers) => covers(host, port)) ? undefined : byScheme.get(target.protocol)
  }
}

const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' }

function proxyOf(address: string | undefined): Proxy | undefined {
  if (address === undefined) return undefined
  const { protocol, host, username, password } = new URL(address)
  const credential = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization = credential === ':' ? undefined : `Basic ${Buffer.from(credential).toString('base64')}`
  return { url: new URL(`${protocol}//${host}`), authorization }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

const isThisMachine = (host: string) => host === 'localhost' || host.endsWith('.localhost') || contains(loopback, host)

const contains = (list: BlockList, host: string) => isIP(host) !== 0 && list.check(host, isIPv4(host) ? 'ipv4' : 'ipv6')

type Covers = (host: string, port: string | undefined) => boolean

function exceptionOf(entry: string): Covers {
  if (entry === '*') return () => true
  const { name, port } = withoutPort(entry.toLowerCase())
  const isCovered = coveredBy(name)
  return (host, targetPort) => (port === undefined || port === targetPort) && isCovered(host.toLowerCase())
}

/** An address of IPv6 with a port has brackets; one without may have none. */
function withoutPort(entry: string): { name: string; port: string | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []
  return { name: bracketed ?? plain ?? entry, port }
}

function coveredBy(name: string): (host: string) => boolean {
  const network = networkOf(name)
  if (network) return (host) => contains(network, host)
  const suffix = name.replace(/^\*?\./, '')
  return (host) => host === suffix || host.endsWith(`.${suffix}`)
}

/** Undefined for a name. */
function networkOf(text: string): BlockList | undefined {
  const [address = '', bits] = text.split('/')
  if (isIP(address) === 0) return undefined
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  const size = bits === undefined ? Number.NaN : Number(bits)
  if (Number.isInteger(size) && size >= 0 && size <= (family === 'ipv4' ? 32 : 128)) list.addSubnet(address, size, family)
  else list.addAddress(address, family)
  return list
}
