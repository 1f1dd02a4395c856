import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '@bir/sdk/contract/errors'

interface Options {
  publicUrl: string
  portalUrl?: string | undefined
  allowedOrigins: readonly string[]
  allowedHosts: readonly string[]
  /** The server listens on loopback only. The Host header must then name loopback too (DNS rebinding). */
  loopback: boolean
  /** Stage `local`: pages served from this machine, such as an inspector, may call. */
  local: boolean
}

const corsAllow = 'Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID, DPoP'
const corsExpose = 'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After'
/** Names of this machine's loopback interface, as a Host header or an origin writes them. */
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Decides which origins (pages in browsers) and which Host headers may reach this server. */
export function originRules(options: Options) {
  const origins = new Set(
    [options.publicUrl, options.portalUrl, ...options.allowedOrigins].flatMap((url) => (url ? [new URL(url).origin] : [])),
  )
  const hosts = new Set([new URL(options.publicUrl).host, ...options.allowedHosts])
  const isAllowed = (origin: string) => origins.has(origin) || (options.local && isLoopback(hostOf(origin)))
  const checksHost = options.loopback || options.allowedHosts.length > 0

  return {
    /** Throws `forbiddenOrigin`. A request without an Origin header does not come from a page in a browser. */
    check({ origin, host }: IncomingHttpHeaders): void {
      if (origin !== undefined && !isAllowed(origin))
        throw new GatewayError('forbiddenOrigin', 'a foreign Origin', { reason: 'foreign-origin' })
      if (!checksHost || hosts.has(host ?? '') || (options.loopback && isLoopback(host ?? ''))) return
      throw new GatewayError('forbiddenOrigin', 'a foreign Host', {
        publicMessage: 'Requests for this host are not accepted.',
        reason: 'foreign-host',
      })
    },
    /** CORS headers for an allowed origin; empty for any other. */
    headers({ origin }: IncomingHttpHeaders): Record<string, string> {
      if (origin === undefined || !isAllowed(origin)) return {}
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

/** `host` may have a port. */
const isLoopback = (host: string) => loopbackHosts.has(host.replace(/:\d+$/, ''))

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : ''
}
