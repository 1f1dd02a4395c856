import type { Route } from './call.ts'

export interface Found {
  readonly route: Route
  readonly params: Record<string, string>
}

/**
 * The route of a request, by its path below `/api/v4` as it was sent: a segment ends at a slash that is not encoded,
 * so `shop%2Fweb` is one.
 */
export function findRoute(routes: readonly Route[], method: string, path: string): Found | undefined {
  const segments = path.split('/')
  const asked = method === 'HEAD' ? 'GET' : method
  for (const route of routes) {
    if (route.method !== asked) continue
    const params = match(route.path.split('/'), segments)
    if (params) return { route, params }
  }
  return undefined
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = decodeURIComponent(segment)
    else if (part !== segment) return undefined
  }
  return params
}
