import type { ServerResponse } from 'node:http'

/** A way in which a service or what stands before it fails. */
export type Fault =
  | { readonly as: 'rate_limited'; readonly retryAfterS: number }
  | { readonly as: 'status'; readonly status: number }
  /** An error with this text. */
  | { readonly as: 'message'; readonly message: string }
  /** A page of HTML with status 200, as a proxy that wants a log-in sends it. */
  | { readonly as: 'login_page' }
  /** The connection ends without an answer. */
  | { readonly as: 'reset' }
  /** The answer waits until the fault is taken away, or the stand-in ends. */
  | { readonly as: 'silent' }
  /** The answer repeats the token that the request carried. */
  | { readonly as: 'echo' }
  | { readonly as: 'redirect'; readonly to: string }

export interface FaultRule {
  readonly fault: Fault
  /** Only for paths that contain this. */
  readonly path?: string
  /** For so many requests; without it, until it is taken away. */
  times?: number
}

/** The fault for a request, which uses up one of its times. */
export function faultFor(rules: FaultRule[], path: string): Fault | undefined {
  const rule = rules.find((rule) => (rule.path === undefined || path.includes(rule.path)) && (rule.times ?? 1) > 0)
  if (rule?.times !== undefined) rule.times -= 1
  return rule?.fault
}

export function sendFault(fault: Fault, token: string | undefined, response: ServerResponse): void {
  switch (fault.as) {
    case 'rate_limited':
      response.writeHead(429, { 'retry-after': String(fault.retryAfterS), 'content-type': 'text/plain' }).end('Retry later\n')
      return
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<html><body>GitLab is not responding</body></html>')
      return
    case 'message':
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ message: fault.message }))
      return
    case 'login_page':
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end('<!DOCTYPE html><html><body><form>Sign in</form></body></html>')
      return
    case 'redirect':
      response.writeHead(302, { location: fault.to }).end()
      return
    case 'echo':
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ message: `400 Bad request - token ${token} is not good` }))
      return
    case 'reset':
      response.destroy()
      return
    case 'silent':
      return
  }
}
