/** A cookie of the portal: the one of a session, or the one by which a browser is known while somebody signs in. */
export type CookieName = 'portal' | 'portal-sign-in'

/** The cookies of a portal at this address. */
export function createCookies(portalUrl: string) {
  const isSecure = portalUrl.startsWith('https:')
  const nameOf = (name: CookieName) => `${isSecure ? '__Host-' : ''}bir-${name}`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`

  return {
    /** The value in the header `Cookie`. One that is sent twice counts as none: nobody knows which is meant. */
    read(header: string | null | undefined, name: CookieName): string | undefined {
      const values = (header ?? '').split(';').flatMap((pair) => {
        const [found, value] = splitAt(pair.trim())
        return found === nameOf(name) ? [value] : []
      })
      return values.length === 1 ? values[0] : undefined
    },
    /** A `Set-Cookie`. Without `maxAgeS` the cookie goes with the browser. */
    set: (name: CookieName, value: string, maxAgeS?: number): string =>
      `${nameOf(name)}=${value}; ${attributes}${maxAgeS === undefined ? '' : `; Max-Age=${maxAgeS}`}`,
    remove: (name: CookieName): string => `${nameOf(name)}=; ${attributes}; Max-Age=0`,
  }
}
export type Cookies = ReturnType<typeof createCookies>

function splitAt(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? ['', pair] : [pair.slice(0, at), pair.slice(at + 1)]
}
