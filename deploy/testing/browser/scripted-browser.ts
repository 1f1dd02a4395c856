import { request } from 'undici'
import { Cookies } from './cookies.ts'
import { readPage } from './page.ts'
import type { Form, Page } from './page.ts'

const maxRedirects = 20

interface BrowserOptions {
  /** Those of another browser, as a thief has them, or the same person in another window. */
  cookies?: Cookies
  /** The languages that it asks for, as `accept-language`. */
  language?: string
  userAgent?: string
  /**
   * Says at which address it stops without going there: the client's
   * own, where a test reads the answer from the address.
   */
  stopsAt?(url: URL): boolean
}

interface Navigation {
  url: URL
  method: 'GET' | 'POST'
  body?: string
  /** The page that led there. Undefined where a person has typed the address. */
  from?: Page
}

/**
 * A browser without a screen or scripts: it keeps cookies, follows redirects, and fills forms. It says of itself what a
 * real one does (`origin`, `sec-fetch-…`), because servers decide by that.
 */
export class ScriptedBrowser {
  readonly cookies: Cookies
  private readonly options: BrowserOptions

  constructor(options: BrowserOptions = {}) {
    this.options = options
    this.cookies = options.cookies ?? new Cookies()
  }

  /** Opens an address as a person who types it. */
  open(url: string | URL): Promise<Page> {
    return this.navigate({ url: new URL(url), method: 'GET' })
  }

  /** Follows a link of a page. */
  follow(from: Page, url: string | URL): Promise<Page> {
    return this.navigate({ url: new URL(url, from.url), method: 'GET', from })
  }

  /**
   * Sends a form with the values given beside those that the page set. `press` names the
   * button by its name, or by the text on it; without it, the first button is pressed.
   */
  async submit(from: Page, form: Form, values: Record<string, string> = {}, press?: string): Promise<Page> {
    const fields = new Map([...form.fields, ...Object.entries(values)])
    const button = press === undefined ? form.buttons[0] : form.buttons.find(({ name, value, text }) => [name, value, text].includes(press))
    if (press !== undefined && !button) throw new Error(`No button "${press}" at ${from.url.href}: ${from.text}`)
    if (button?.name) fields.set(button.name, button.value)
    const body = new URLSearchParams([...fields]).toString()
    if (form.method === 'POST') return this.navigate({ url: form.action, method: 'POST', body, from })
    const url = new URL(form.action)
    url.search = body
    return this.navigate({ url, method: 'GET', from })
  }

  private async navigate(first: Navigation): Promise<Page> {
    let next = first
    const visited: URL[] = []
    for (let count = 0; count <= maxRedirects; count += 1) {
      if (this.options.stopsAt?.(next.url)) return readPage(next.url, 0, {}, '')
      visited.push(next.url)
      const page = await this.load(next, visited)
      const target = redirectOf(page)
      if (!target) return page
      next = isKept(page.status) ? { ...next, url: target } : { url: target, method: 'GET', ...(first.from && { from: first.from }) }
    }
    throw new Error(`More than ${maxRedirects} redirects from ${first.url.href}`)
  }

  private async load({ url, method, body, from }: Navigation, visited: URL[]): Promise<Page> {
    const site = from ? siteOf(from.url, visited) : 'none'
    const cookie = this.cookies.headerFor(url, site === 'cross-site' && method === 'POST')
    const answer = await request(url, {
      method,
      headers: {
        accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
        'accept-language': this.options.language ?? 'en',
        'user-agent': this.options.userAgent ?? 'Mozilla/5.0 (X11; Linux x86_64) ScriptedBrowser/1.0',
        'sec-fetch-site': site,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-user': '?1',
        ...(cookie && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(method === 'POST' && from && { origin: originOf(from, visited) }),
      },
      ...(body !== undefined && { body }),
    })
    const set = answer.headers['set-cookie'] ?? []
    this.cookies.store(url, Array.isArray(set) ? set : [set])
    return readPage(url, answer.statusCode, answer.headers, await answer.body.text())
  }
}

/** 307 and 308 repeat the request; the others get the new address. */
const isKept = (status: number) => status === 307 || status === 308

function redirectOf({ url, status, headers, html }: Page): URL | undefined {
  const location = headers['location']
  if (status >= 300 && status < 400 && typeof location === 'string') return new URL(location, url)
  const refresh = /<meta\b[^>]*http-equiv="refresh"[^>]*content="0; ?url=([^"]+)"/i.exec(html)?.[1]
  return refresh ? new URL(refresh.replaceAll('&amp;', '&'), url) : undefined
}

/** `null` where the page hides where it was, or after a detour (Fetch, "append a request Origin header"). */
function originOf(from: Page, visited: URL[]): string {
  const hides = from.headers['referrer-policy'] === 'no-referrer'
  return hides || visited.some(({ origin }, index) => index > 0 && origin !== visited[index - 1]?.origin) ? 'null' : from.url.origin
}

/** How far the way led from the page: the worst of all its steps counts. */
function siteOf(from: URL, visited: URL[]): string {
  if (visited.every(({ origin }) => origin === from.origin)) return 'same-origin'
  const isSameSite = visited.every(({ protocol, hostname }) => protocol === from.protocol && hostname === from.hostname)
  return isSameSite ? 'same-site' : 'cross-site'
}
