import type { HttpAnswer } from './answer.ts'

const redirecting = new Set([301, 302, 303, 307, 308])

/** Where an answer to a request at `from` redirects to. Undefined: it does not. */
export function redirectOf({ status, headers }: Pick<HttpAnswer, 'status' | 'headers'>, from: URL): URL | undefined {
  const { location } = headers
  if (!redirecting.has(status) || location === undefined) return undefined
  return URL.parse(location, from) ?? undefined
}
