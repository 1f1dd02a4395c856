import { z } from 'zod'
import { SecretRef } from './secret-ref.ts'

/**
 * Headers of the connection, the body or the protocol. The gateway
 * writes these itself (RFC 9110, section 7.6; MCP, Transports).
 */
const reserved = new Set([
  'accept',
  'accept-encoding',
  'alt-used',
  'connection',
  'date',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'last-event-id',
  'origin',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
])
const reservedPrefixes = ['mcp-', 'content-', 'x-forwarded-', 'sec-']

const isReserved = (name: string) => reserved.has(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix))

/**
 * Names of headers and parameters that carry credentials. A false
 * match is a nuisance; a missed one puts a secret into every snapshot.
 */
const credentialName = /auth|token|key|secret|passw|passphrase|credential|cookie|session|signature|jwt|bearer/i

/** Does a header or parameter of this name probably carry a credential? */
export const isCredentialName = (name: string): boolean => credentialName.test(name)

/** Values that are credentials under any name. */
const credentialValue = /^\s*(bearer|basic|digest|token|negotiate)\s+\S|^(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|eyJ[\w-]+\.)/i

const latin1Text = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a header name is 1-64 of A-Z a-z 0-9 -')

const HeaderValue = z.union([z.string().max(4096), SecretRef], 'is text, or { secret: <name> }')

/**
 * The headers that an administrator sets for a remote server. Refuses headers that the gateway writes itself, names
 * that occur twice (in any case), and credentials in plain text: those must be `{ secret: <name> }`.
 */
export const RemoteHeaders = z.record(HeaderName, HeaderValue).superRefine((headers, { addIssue }) => {
  const earlierNames = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    const message = headerFault(name.toLowerCase(), value, earlierNames)
    if (message !== undefined) addIssue({ code: 'custom', path: [name], message })
    earlierNames.add(name.toLowerCase())
  }
})

function headerFault(name: string, value: string | SecretRef, earlierNames: ReadonlySet<string>): string | undefined {
  if (isReserved(name)) return 'the gateway writes this header itself'
  if (earlierNames.has(name)) return 'the same header is given twice'
  if (typeof value !== 'string') return undefined
  if (!latin1Text.test(value)) return 'a header value has no line breaks, control characters or characters beyond Latin-1'
  if (isCredentialName(name) || credentialValue.test(value))
    return 'looks like a credential: keep it as a secret and write { secret: <name> }'
  return undefined
}

const maxUrlLength = 2048

const notAnAddress = 'must be an http or https address'

/** The address of a remote server. It holds no secret, because every plane and every export has it. */
export const RemoteUrl = z.url({ protocol: /^https?$/, error: notAnAddress }).superRefine((text, { addIssue }) => {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return
  const addFault = (message: string) => addIssue({ code: 'custom', message })
  // URL parsers correct these silently. Then the gateway would call another address than the one an administrator
  // reads.
  if (!/^https?:\/\/[^/?#]/i.test(text)) addFault(notAnAddress)
  if (!/^[!-[\]-~]*$/.test(text)) addFault('an address has no spaces, line breaks, backslashes or characters beyond ASCII: encode them')
  if (text.length > maxUrlLength) addFault(`an address has ${maxUrlLength} characters at most`)
  if (url.username !== '' || url.password !== '') addFault('holds a credential: send it as a header instead, { secret: <name> }')
  if (url.hash !== '') addFault('an address has no fragment')
  const parameter = [...url.searchParams.keys()].find(isCredentialName)
  if (parameter !== undefined)
    addFault(`its parameter ${parameter} looks like a credential: send it as a header instead, { secret: <name> }`)
})
