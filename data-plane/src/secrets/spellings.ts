/** A shorter value stands in too many places that are no secret: hiding it would break answers. */
export const MIN_HIDDEN_LENGTH = 6

/**
 * What of a secret must not leave the gateway, in every spelling in which a server may repeat it: as it is, and as
 * JSON, URLs, HTML, base64 (RFC 4648) and hex write it. Each costs one search of every answer, so they are the usual
 * ones and no mixtures. The longest come first. Empty for a secret that is too short.
 */
export function spellingsOf(secret: string): string[] {
  const parts = partsOf(secret).filter(isLongEnough)
  const smallest = parts.filter((part) => !parts.some((other) => other !== part && part.includes(other)))
  const within = smallest.flatMap((part) => [...textSpellings(part), ...htmlSpellings(part), ...byteSpellings(part)])
  const spellings = new Set([...parts, ...within, ...parts.flatMap(linesOfBase64)])
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
  const inAscii = json.replaceAll(/[^\0-~]/g, unicodeEscape)
  const allEscaped = text.replaceAll(/[^]/g, unicodeEscape)
  const inUrl = encodeURIComponent(text.toWellFormed())
  const percent = [inUrl, encodeURI(text.toWellFormed()), inUrl.replaceAll(/[!'()*]/g, percentByte), inUrl.replaceAll('%20', '+')]
  const inAnyCase = [...percent, ...percent.map((spelling) => spelling.replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()))]
  return [
    ...[json, inAscii].flatMap((spelling) => [spelling, spelling.replaceAll('/', '\\/')]),
    allEscaped,
    allEscaped.toUpperCase().replaceAll('\\U', '\\u'),
    ...inAnyCase,
    ...inAnyCase.map((spelling) => spelling.replaceAll('%', '%25')),
  ]
}

const unicodeEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

const percentByte = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

/** As template engines escape what has a meaning in HTML, and as stricter encoders escape more or everything. */
function htmlSpellings(text: string): string[] {
  const byEngines = htmlEngines.map((entities) => text.replaceAll(/[^A-Za-z0-9]/g, (char) => entities[char] ?? htmlEntities[char] ?? char))
  const byNumbers = htmlNumbers.flatMap((entity) => [text.replaceAll(/[^A-Za-z0-9]/gu, entity), text.replaceAll(/[^]/gu, entity)])
  return [...byEngines, ...byNumbers]
}

type Entities = Readonly<Record<string, string>>

const htmlEntities: Entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Where engines differ. */
const htmlEngines: readonly Entities[] = [
  { "'": '&#39;' }, // most
  { "'": '&apos;' }, // XML
  { "'": '&#039;' }, // PHP
  { "'": '&#x27;' }, // Python
  { "'": '&#39;', '"': '&#34;', '+': '&#43;' }, // Go
  { "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' }, // Mustache
  { "'": '&#x27;', '`': '&#x60;', '=': '&#x3D;' }, // Handlebars
  { "'": '&#x27;', '/': '&#x2F;', '\\': '&#x5C;', '`': '&#96;' }, // validator
  { "'": '&#x27;', '+': '&#x2B;', '`': '&#x60;' }, // .NET
]

const htmlNumbers: readonly ((char: string) => string)[] = [
  (char) => `&#${char.codePointAt(0)};`,
  (char) => `&#x${char.codePointAt(0)?.toString(16)};`,
  (char) => `&#x${char.codePointAt(0)?.toString(16).toUpperCase()};`,
]

function byteSpellings(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8')
  const base64 = [0, 1, 2].map((offset) => inBase64(bytes, offset))
  const inHex = [bytes.toString('hex'), bytes.toString('hex').toUpperCase()]
  return [
    ...base64,
    ...base64.map((spelling) => spelling.replaceAll('+', '-').replaceAll('/', '_')),
    ...inHex,
    ...inHex.map((hex) => hex.replaceAll(/../g, '%$&')),
  ]
}

/** The base64 of a text that begins so, in lines of MIME (RFC 2045 section 6.8) and of PEM (RFC 7468 section 2). */
function linesOfBase64(text: string): string[] {
  const base64 = inBase64(Buffer.from(text, 'utf8'), 0)
  const lineBreaks = ['\r\n', '\n']
  return [/.{76}(?=.)/g, /.{64}(?=.)/g].flatMap((line) => lineBreaks.map((lineBreak) => base64.replaceAll(line, `$&${lineBreak}`)))
}

/**
 * The characters of base64 that stand for these bytes alone, when so many bytes precede them in their group of three.
 * What the neighbours have a share in is left out: they may be anything.
 */
function inBase64(bytes: Buffer, precedingBytes: number): string {
  const withPreceding = Buffer.concat([Buffer.alloc(precedingBytes), bytes])
  return withPreceding.toString('base64').slice(Math.ceil((precedingBytes * 8) / 6), Math.floor((withPreceding.length * 8) / 6))
}
