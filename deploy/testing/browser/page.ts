/** A button of a form. It sends its name and value where it has them. */
interface Button {
  name: string | undefined
  value: string
  text: string
}

export interface Form {
  action: URL
  method: 'GET' | 'POST'
  /** The fields with the values that the page gave them, hidden ones too. */
  fields: Map<string, string>
  /** The fields that a person sees. */
  visible: Set<string>
  buttons: Button[]
}

/** What a browser shows. */
export interface Page {
  url: URL
  status: number
  headers: Record<string, string | string[] | undefined>
  html: string
  /** The text that a person reads, with single spaces. */
  text: string
  forms: Form[]
  links: URL[]
}

/**
 * Reads what a person could do on a page: its forms and links. It knows as much HTML as pages of identity providers
 * have, and runs no script.
 */
export function readPage(url: URL, status: number, headers: Page['headers'], html: string): Page {
  const forms = [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)].map(([, tag = '', inner = '']) => {
    const attributes = attributesOf(tag)
    const id = attributes.get('id')
    return formOf(url, attributes, inner + (id ? elsewhere(html, id) : ''))
  })
  const links = [...html.matchAll(/<a\b([^>]*)>/gis)].flatMap(([, tag = '']) => {
    const href = attributesOf(tag).get('href')
    return href && URL.canParse(href, url) ? [new URL(href, url)] : []
  })
  return { url, status, headers, html, text: textOf(html), forms, links }
}

/** Elements outside of a form that belong to it, by the attribute `form`. */
function elsewhere(html: string, id: string): string {
  const all = [...html.matchAll(/<(?:input|button)\b[^>]*>(?:[^<]*<\/button>)?/gis)].map(([element]) => element)
  return all.filter((element) => attributesOf(element).get('form') === id).join('')
}

function formOf(url: URL, attributes: Map<string, string>, inner: string): Form {
  const form: Form = {
    action: new URL(attributes.get('action') || url.href, url),
    method: attributes.get('method')?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    fields: new Map(),
    visible: new Set(),
    buttons: [],
  }
  for (const [, kind = '', tag = '', content = ''] of inner.matchAll(
    /<(input|button|select|textarea)\b([^>]*)>([^<]*(?=<\/(?:button|textarea)))?/gis,
  )) {
    addElement(form, kind.toLowerCase(), attributesOf(tag), content)
  }
  return form
}

function addElement(form: Form, kind: string, attributes: Map<string, string>, content: string): void {
  const name = attributes.get('name')
  const type = (attributes.get('type') ?? (kind === 'button' ? 'submit' : 'text')).toLowerCase()
  const value = attributes.get('value') ?? ''
  if (type === 'submit') {
    form.buttons.push({ name, value, text: textOf(content) || value })
    return
  }
  if (!name || type === 'button') return
  if (type !== 'hidden') form.visible.add(name)
  const isChoice = type === 'checkbox' || type === 'radio'
  if (!isChoice) form.fields.set(name, value)
  if (isChoice && attributes.has('checked')) form.fields.set(name, value || 'on')
}

function attributesOf(tag: string): Map<string, string> {
  const pairs = [...tag.matchAll(/([\w:-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)]
  return new Map(
    pairs.map(([, name = '', double, single, bare]) => [name.toLowerCase(), decode(double ?? single ?? bare ?? '')] as const).toReversed(),
  )
}

function textOf(html: string): string {
  const visible = html.replace(/<(style|script|title)\b.*?<\/\1>/gis, ' ').replace(/<[^>]+>/g, ' ')
  return decode(visible).replace(/\s+/g, ' ').trim()
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function decode(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, reference: string) => {
    if (!reference.startsWith('#')) return named[reference.toLowerCase()] ?? whole
    const isHex = reference[1]?.toLowerCase() === 'x'
    return String.fromCodePoint(Number.parseInt(reference.slice(isHex ? 2 : 1), isHex ? 16 : 10))
  })
}
