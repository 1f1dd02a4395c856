/** A shorter value stands in too many places that are no secret: hiding it would break answers. */
export const MIN_HIDDEN_LENGTH = 6

/**
 * What of a secret must not leave the gateway, in every spelling in which a server may repeat it: as it is, and as
 * JSON, URLs, HTML, base64 (RFC 4648) and hex write it. The longest come first. Empty for a secret that is too short.
 */
export function spellingsOf(secret: string): string[] {
  const parts = partsOf(secret).filter(isLongEnough)
  const smallest = parts.filter((part) => !parts.some((other) => other !== part && part.includes(other)))
  const spellings = new Set([...parts, ...smallest.flatMap((part) => [...textSpellings(part), ...byteSpellings(part)])])
  return [...spellings].filter(isLongEnough).sort((a, b) => b.length - a.length)
}

const isLongEnough = ({ length }: string) => length >= MIN_HIDDEN_LENGTH

/**
 * The secret itself, and what servers often repeat alone: what follows its scheme, as in `Bearer …` (RFC 9110 section
 * 11.1), the pair and the password of `Basic …` (RFC 7617 section 2), and the long values of cookies and parameters.
 */
function partsOf(secret: string): string[] {
  const [, scheme = '', credential = ''] = /^([A-Za-z]+) +(\S+)$/.exec(secret) ?? []
  const parts = [secret, credential, ...(secret.match(/[^\s,;="']{12,}/g) ?? [])]
  if (scheme.toLowerCase() !== 'basic') return parts
  const pair = Buffer.from(credential, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon < 0 ? parts : [...parts, pair, pair.slice(colon + 1)]
}

function textSpellings(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const inAscii = json.replaceAll(/[^\0-~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const escaped = [json, inAscii]
  const inUrl = encodeURIComponent(text.toWellFormed())
  const percent = [inUrl, encodeURI(text.toWellFormed()), inUrl.replaceAll(/[!'()*]/g, percentByte), inUrl.replaceAll('%20', '+')]
  return [
    ...escaped,
    ...escaped.map((spelling) => spelling.replaceAll('/', '\\/')),
    ...percent,
    ...percent.map((spelling) => spelling.replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase())),
    text.replaceAll(/[&<>"']/g, (char) => htmlEntities[char] ?? char),
  ]
}

const percentByte = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

const htmlEntities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function byteSpellings(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8')
  const base64 = [0, 1, 2].map((offset) => inBase64(bytes, offset))
  const hex = bytes.toString('hex')
  return [...base64, ...base64.map((spelling) => spelling.replaceAll('+', '-').replaceAll('/', '_')), hex, hex.toUpperCase()]
}

/**
 * The characters of base64 that stand for these bytes alone, when so many bytes precede them in their group of three.
 * What the neighbours have a share in is left out: they may be anything.
 */
function inBase64(bytes: Buffer, precedingBytes: number): string {
  const withPreceding = Buffer.concat([Buffer.alloc(precedingBytes), bytes])
  return withPreceding.toString('base64').slice(Math.ceil((precedingBytes * 8) / 6), Math.floor((withPreceding.length * 8) / 6))
}
