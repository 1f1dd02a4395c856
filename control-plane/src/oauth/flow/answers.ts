import type { Answer } from '../../base/http.ts'

/** Sends the browser on with GET, whatever it came with (RFC 9700, section 4.12). */
export const seeOther = (location: string, cookies: readonly string[] = []): Answer => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'set-cookie': [...cookies] },
})

export const withCookies = (answer: Answer, cookies: readonly string[]): Answer =>
  cookies.length === 0 ? answer : { ...answer, headers: { ...answer.headers, 'set-cookie': [...cookies] } }

/**
 * The address at which a client gets its answer. It has `iss` exactly once, in errors too (RFC 9207), and keeps the
 * query of the redirect URI.
 */
export function clientAddress(redirectUri: string, issuer: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries({ ...parameters, iss: issuer })) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}
