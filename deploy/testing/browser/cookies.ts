interface Cookie {
  name: string
  value: string
  host: string
  path: string
  isSecure: boolean
  sameSite: string
  expiresAtMs: number
}

/** The cookies of a browser. As in a real one, the ports of a host share them. */
export class Cookies {
  private cookies: Cookie[] = []

  /** Keeps what an answer sets. A `__Host-` cookie needs `Secure`, `Path=/` and no domain (RFC 6265bis, 4.1.3). */
  store(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const cookie = parse(url, line)
      if (!cookie) continue
      this.cookies = this.cookies.filter(({ name, host, path }) => name !== cookie.name || host !== cookie.host || path !== cookie.path)
      if (cookie.expiresAtMs > Date.now()) this.cookies.push(cookie)
    }
  }

  /** The header `cookie` for a request. A cross-site post gets only the cookies that say `SameSite=None`. */
  headerFor(url: URL, isCrossSitePost: boolean): string | undefined {
    const sent = this.cookies.filter(
      ({ host, path, isSecure, sameSite, expiresAtMs }) =>
        host === url.hostname &&
        isWithin(url.pathname, path) &&
        (!isSecure || isTrustworthy(url)) &&
        (!isCrossSitePost || sameSite === 'none') &&
        expiresAtMs > Date.now(),
    )
    return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  /** The value of a cookie, whatever its path. */
  get(name: string): string | undefined {
    return this.cookies.find((cookie) => cookie.name === name)?.value
  }

  /** Changes or adds a cookie, as its thief or a curious person does. */
  set(url: URL, name: string, value: string): void {
    this.store(url, [`${name}=${value}; Path=/`])
  }

  names(): string[] {
    return this.cookies.map(({ name }) => name)
  }

  forget(isForgotten: (name: string) => boolean): void {
    this.cookies = this.cookies.filter(({ name }) => !isForgotten(name))
  }
}

function parse(url: URL, line: string): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
  const [name, value] = split(pair)
  if (!name) return undefined
  const attributes = new Map(rest.map(split).map(([key, text]) => [key.toLowerCase(), text]))
  const isSecure = attributes.has('secure')
  const path = attributes.get('path') || url.pathname.slice(0, Math.max(url.pathname.lastIndexOf('/'), 1))
  const isRefused = name.startsWith('__Host-') && (!isSecure || path !== '/' || attributes.has('domain') || url.protocol !== 'https:')
  if (isRefused) return undefined
  const sameSite = attributes.get('samesite')?.toLowerCase() ?? 'lax'
  return { name, value, host: url.hostname, path, isSecure, sameSite, expiresAtMs: expiryOf(attributes) }
}

function expiryOf(attributes: Map<string, string>): number {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined) return Date.now() + Number(maxAge) * 1000
  const expires = attributes.get('expires')
  return expires === undefined ? Infinity : Date.parse(expires)
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

/** Browsers take and send `Secure` cookies on loopback too, where nobody can listen (Secure Contexts, section 3.1). */
const isTrustworthy = (url: URL) => url.protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)

function isWithin(pathname: string, path: string): boolean {
  return pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'))
}
