import { z } from 'zod'
import { SecretRef } from './secret-ref.ts'

/** Which headers an administrator may have sent to a remote server, and which of them may stand in the policy in plain text. */

/** The connection's, the body's, or the protocol's own: the gateway alone writes them. */
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

/** Names under which credentials are sent. A false alarm costs a file; a missed one puts a secret into every snapshot. */
const credential = /auth|token|key|secret|passw|passphrase|credential|cookie|session|signature|jwt|bearer/i

export const namesCredential = (name: string): boolean => credential.test(name)

/** Values that are credentials whatever they are called. */
const credentialValue = /^\s*(bearer|basic|digest|token|negotiate)\s+\S|^(gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|eyJ[\w-]+\.)/i

const writable = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

const HeaderName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a header name is 1-64 of A-Z a-z 0-9 -')

const HeaderValue = z.union([z.string().max(4096), SecretRef], 'is text, or { secret: <name> }')

/** Headers for a remote server, as an administrator writes them. */
export const GivenHeaders = z.record(HeaderName, HeaderValue).superRefine((headers, { addIssue }) => {
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(headers)) {
    const message = headerFault(name.toLowerCase(), value, seen)
    if (message !== undefined) addIssue({ code: 'custom', path: [name], message })
    seen.add(name.toLowerCase())
  }
})

function headerFault(name: string, value: string | SecretRef, seen: ReadonlySet<string>): string | undefined {
  if (isReserved(name)) return 'the gateway writes this header itself'
  if (seen.has(name)) return 'the same header is given twice'
  if (typeof value !== 'string') return undefined
  if (!writable.test(value)) return 'a header value has no line breaks, control characters or characters beyond Latin-1'
  if (namesCredential(name) || credentialValue.test(value))
    return 'looks like a credential: keep it as a secret and write { secret: <name> }'
  return undefined
}

const maxUrlLength = 2048

/** An address names a server and holds no secret: it travels to every plane and stands in every export. */
const notAnAddress = 'must be an http or https address'
export const RemoteUrl = z.url({ protocol: /^https?$/, error: notAnAddress }).superRefine((text, { addIssue }) => {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return
  const say = (message: string) => addIssue({ code: 'custom', message })
  // Parsers drop or mend these, so that the address used is not the one that was read.
  if (!/^https?:\/\/[^/?#]/i.test(text)) say(notAnAddress)
  if (!/^[!-[\]-~]*$/.test(text)) say('an address has no spaces, line breaks, backslashes or characters beyond ASCII: encode them')
  if (text.length > maxUrlLength) say(`an address has ${maxUrlLength} characters at most`)
  if (url.username !== '' || url.password !== '') say('holds a credential: send it as a header instead, { secret: <name> }')
  if (url.hash !== '') say('an address has no fragment')
  const named = [...url.searchParams.keys()].find(namesCredential)
  if (named !== undefined) say(`its parameter ${named} looks like a credential: send it as a header instead, { secret: <name> }`)
})
