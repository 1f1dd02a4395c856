import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '@bir/sdk/contract/errors'

interface Options {
  publicUrl: string
  portalUrl?: string | undefined
  allowedOrigins: readonly string[]
  allowedHosts: readonly string[]
  /** Bound to this machine only: then the Host header must say so (DNS rebinding). */
  loopback: boolean
  /** Stage local: pages of this machine may call, such as an inspector. */
  local: boolean
}

const corsAllow = 'Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID, DPoP'
const corsExpose = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After'
const ownNames = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** Which browsers' pages and which host names may reach us. */
export function originRules(options: Options) {
  const origins = new Set(
    [options.publicUrl, options.portalUrl, ...options.allowedOrigins].flatMap((url) => (url ? [new URL(url).origin] : [])),
  )
  const hosts = new Set([new URL(options.publicUrl).host, ...options.allowedHosts])
  const known = (origin: string) => origins.has(origin) || (options.local && ownNames.test(hostOf(origin)))
  const checksHost = options.loopback || options.allowedHosts.length > 0

  return {
    /** Throws `forbiddenOrigin`. No Origin header means no browser. */
    check({ origin, host }: IncomingHttpHeaders): void {
      if (origin !== undefined && !known(origin))
        throw new GatewayError('forbiddenOrigin', 'a foreign Origin', { reason: 'foreign-origin' })
      if (!checksHost || hosts.has(host ?? '') || (options.loopback && ownNames.test(host ?? ''))) return
      throw new GatewayError('forbiddenOrigin', 'a foreign Host', {
        publicMessage: 'Requests for this host are not accepted.',
        reason: 'foreign-host',
      })
    },
    /** CORS headers for a page that may call. */
    headers({ origin }: IncomingHttpHeaders): Record<string, string> {
      if (origin === undefined || !known(origin)) return {}
      return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': corsExpose, Vary: 'Origin' }
    },
    preflight: {
      'Access-Control-Allow-Methods': 'POST, GET, DELETE, OPTIONS',
      'Access-Control-Allow-Headers': corsAllow,
      'Access-Control-Max-Age': '7200',
    },
  }
}
export type OriginRules = ReturnType<typeof originRules>

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : ''
}
