import { createHash } from 'node:crypto'

const markup = Symbol('markup')

/** Markup in which every text is escaped. Nothing outside this file can make it but by `html`. */
export interface Html {
  readonly [markup]: string
}

/** What a place of a template takes. Nothing is written for `false` and `undefined`. */
export type Part = Html | string | number | false | undefined | readonly Part[]

/**
 * Markup from a template. Texts are escaped; only other `html` stands as it is. A text may stand between tags, or in an
 * attribute between double quotation marks, where escaping is enough; a template with another place for one is
 * refused. An address (`href`, `action`, `src`) is a path here or begins with http or https.
 */
export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const places = placesOf(template)
  let text = template[0] ?? ''
  parts.forEach((part, at) => (text += writtenAt(places[at], part) + (template[at + 1] ?? '')))
  return { [markup]: text }
}

/** The whole document, to be sent. */
export const documentOf = (page: Html): string => `<!doctype html>${page[markup]}`

/** A style sheet, and its name in a `Content-Security-Policy` (CSP level 3, §2.3.1: hash-source). */
export function styleOf(css: string): { element: Html; source: string } {
  if (css.includes('<')) throw new Error('A style sheet must not hold markup.')
  return { element: { [markup]: `<style>${css}</style>` }, source: `'sha256-${createHash('sha256').update(css).digest('base64')}'` }
}

function written(part: Part): string {
  if (part === false || part === undefined) return ''
  if (typeof part === 'string') return escaped(part)
  if (typeof part === 'number') return String(part)
  return isList(part) ? part.map(written).join('') : (part[markup] ?? '')
}

const isList = (part: Html | readonly Part[]): part is readonly Part[] => Array.isArray(part)

/** Characters that are not seen, and those that turn the order of others: a name must look like what it is. */
// oxlint-disable-next-line no-control-regex
const unseen = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066\u2067\ufeff\p{Cs}]/gu

const escaped = (text: string): string =>
  text.replace(unseen, '\ufffd').replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)

/** `attributes`: in a tag, where only markup of ours may add some. */
type Place = 'text' | 'address' | 'attributes'

const placesByTemplate = new WeakMap<TemplateStringsArray, readonly Place[]>()

function placesOf(template: TemplateStringsArray): readonly Place[] {
  const known = placesByTemplate.get(template)
  if (known) return known
  if (/<(?:script|style)\b|\s(?:style|on[a-z]+)=/i.test(template.join('')))
    throw new Error('A page has no script, and no style of its own.')
  const places = template.slice(0, -1).map((_, at) => placeAfter(template.slice(0, at + 1).join('')))
  placesByTemplate.set(template, places)
  return places
}

function placeAfter(before: string): Place {
  const tag = /<[^<>]*$/.exec(before)?.[0]
  if (tag === undefined) return 'text'
  const attribute = /\s([a-z-]+)="[^"]*$/.exec(tag)?.[1]
  const isOpen = (tag.match(/"/g)?.length ?? 0) % 2 === 1
  if (isOpen && attribute !== undefined) return /^(?:href|action|formaction|src)$/.test(attribute) ? 'address' : 'text'
  if (!isOpen && /^<[a-z]/.test(tag) && !/[='`]/.test(tag.replace(/="[^"]*"/g, ''))) return 'attributes'
  throw new Error(`A text would not be safe in this place of a page: ${tag}`)
}

function writtenAt(place: Place | undefined, part: Part): string {
  if (place === 'attributes' && (typeof part === 'string' || typeof part === 'number')) throw new Error('A text cannot be an attribute.')
  return place === 'address' ? safeAddress(part) : written(part)
}

function safeAddress(part: Part): string {
  const isSafe = typeof part === 'string' && (/^https?:\/\//.test(part) || /^\/(?![/\\])/.test(part))
  if (!isSafe) throw new Error('An address in a page must be a path of this site, or begin with http:// or https://.')
  return escaped(part)
}
