import type { OAuthClient } from './client.ts'
import { isSystemScheme } from './system-schemes.ts'

const maxLength = 2048

/** The hosts that a native app may listen on (RFC 8252, section 7.3), as a URL writes them. */
const loopbackUri = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::(\d{1,5}))?((?:[/?].*)?)$/

/**
 * Says why no client may have this redirect URI. Undefined when one may: `https://…`, `http://` on the loopback of the
 * person's machine, or an app's own scheme (`cursor://…`, `com.example.app:/…`). It must be written as a browser
 * would write it, so that no two readers see two different addresses in it.
 */
export function redirectUriFormFault(uri: string): string | undefined {
  if (uri.length > maxLength) return `is longer than ${maxLength} characters`
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'holds a blank, a control character or a character outside ASCII'
  if (uri.includes('#')) return 'has a fragment'
  if (uri.includes('\\')) return 'holds a backslash'
  const url = URL.parse(uri)
  if (!url) return 'is no absolute URI'
  return schemeFault(uri, url) ?? authorityFault(uri, url) ?? pathFault(url) ?? spellingFault(uri, url)
}

function schemeFault(uri: string, { protocol }: URL): string | undefined {
  if (protocol === 'https:' || loopbackUri.test(uri)) return undefined
  if (protocol === 'http:') return 'may be http:// on 127.0.0.1, [::1] or localhost only: use https://'
  if (isSystemScheme(protocol))
    return `has the scheme ${protocol} which browsers or operating systems act upon: use a scheme of the app's own`
  return uri.startsWith(`${protocol}/`) ? undefined : 'has no path: write an own scheme as scheme://… or scheme:/…'
}

function authorityFault(uri: string, { username, password }: URL): string | undefined {
  const authority = /^[^:]*:\/\/([^/?]*)/.exec(uri)?.[1] ?? ''
  return username !== '' || password !== '' || authority.includes('@') ? 'names a user' : undefined
}

/** Encoded dots, slashes, backslashes, controls and percent signs: some servers decode them, and some do not. */
const treacherousEscape = /%(?:[01][0-9a-f]|7f|25|2e|2f|5c)/i

function pathFault({ pathname }: URL): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(pathname)) return 'has a percent sign in its path that encodes nothing'
  // Some servers take what follows the semicolon for a parameter, and see a dot segment.
  if (/\/\.{1,2};/.test(pathname)) return 'has a dot segment with a parameter in its path'
  return treacherousEscape.test(pathname)
    ? 'has an encoded dot, slash, backslash, percent sign or control character in its path'
    : undefined
}

/** Capitals in scheme or host, dot segments, default ports, other ways to write an address: a browser changes them. */
function spellingFault(uri: string, { href }: URL): string | undefined {
  return href === uri || href === `${uri}/` ? undefined : `must be written as a browser writes it: ${href}`
}

/**
 * Says why a client may not be sent to this redirect URI. Undefined when it may: the client has this very text among
 * its redirect URIs, or the same with another port on the loopback, where an app takes the port that is free
 * (RFC 8252, section 7.3).
 */
export function redirectUriFault({ redirectUris }: Pick<OAuthClient, 'redirectUris'>, redirectUri: string): string | undefined {
  if (redirectUris.includes(redirectUri)) return undefined
  const target = withoutPort(redirectUri)
  if (target !== undefined && redirectUris.some((registered) => withoutPort(registered) === target)) return undefined
  return 'The redirect_uri is none of those that this client has registered. It must be the same text; only the port of a loopback address may differ.'
}

/** A loopback URI without its port; undefined for any other URI, and for a port that is none. */
function withoutPort(uri: string): string | undefined {
  const [, host, port, rest] = loopbackUri.exec(uri) ?? []
  if (host === undefined || (port !== undefined && !isPort(port))) return undefined
  return `${host} ${rest}`
}

const isPort = (text: string) => /^[1-9]/.test(text) && Number(text) <= 65_535

/** Whether the URI leads to the person's own machine, where any program may listen. */
export const isLoopbackRedirect = (uri: string): boolean => loopbackUri.test(uri)

/** Where a code would go, for people: the host, or the scheme of an app. */
export function redirectTarget(uri: string): string {
  const { protocol, host } = new URL(uri)
  return protocol === 'https:' || protocol === 'http:' ? host : protocol
}
