import type { IncomingMessage } from 'node:http'

/*
 * The two cookies of the gateway's own pages (RFC 6265). `session` says who is signed in; `browser` tells one browser
 * from another, so that a sign-in goes on only where it began.
 *
 * Over https their names begin with `__Host-`: then no other host, and no page without TLS, can have set them. Plain
 * http is for loopback alone, where browsers refuse that prefix.
 */
export type CookieName = 'session' | 'browser'

const isSecure = (issuer: string) => new URL(issuer).protocol === 'https:'

const cookieName = (issuer: string, name: CookieName): string => `${isSecure(issuer) ? '__Host-' : ''}bir-${name}`

/** A `set-cookie` header. Without `maxAgeS` the cookie ends with the browser; with 0 it ends at once. */
export function setCookie(issuer: string, name: CookieName, value: string, maxAgeS?: number): string {
  const life = maxAgeS === undefined ? '' : `; Max-Age=${maxAgeS}`
  return `${cookieName(issuer, name)}=${value}; Path=/; HttpOnly; SameSite=Lax${isSecure(issuer) ? '; Secure' : ''}${life}`
}

const maxValueChars = 1024

/**
 * The value of the cookie. None where it was sent twice: then some page has planted one, and nobody knows which.
 */
export function readCookie(issuer: string, request: IncomingMessage, name: CookieName): string | undefined {
  const [value, ...others] = valuesOf(request, cookieName(issuer, name))
  if (others.length > 0 || value === undefined || value.length > maxValueChars) return undefined
  return value
}

/** Headers that remove the cookie, where the request has it. */
export const removeCookie = (issuer: string, request: IncomingMessage, name: CookieName): string[] =>
  valuesOf(request, cookieName(issuer, name)).length === 0 ? [] : [setCookie(issuer, name, '', 0)]

const valuesOf = ({ headers: { cookie = '' } }: IncomingMessage, name: string): string[] =>
  cookie.split(';').flatMap((pair) => {
    const [key = '', ...rest] = pair.split('=')
    return key.trim() === name ? [rest.join('=').trim()] : []
  })
