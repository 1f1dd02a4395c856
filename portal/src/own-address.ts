import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from './config.ts'

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/**
 * Whether a request is for this portal: its `Host` is the portal's own (against DNS rebinding), and its `Origin`, if a
 * page sent it, is of the same host.
 */
export function ownAddress({ host, portalUrl }: Pick<Config, 'host' | 'portalUrl'>): (headers: IncomingHttpHeaders) => boolean {
  const isOnLoopback = loopbackHosts.includes(host) || host === '::1'
  const portalHost = portalUrl === undefined ? undefined : new URL(portalUrl).host

  const isOwnHost = (name: string) => {
    if (name === portalHost || (isOnLoopback && loopbackHosts.includes(name.replace(/:\d+$/, '')))) return true
    return portalHost === undefined && !isOnLoopback
  }
  return ({ host: asked = '', origin }) =>
    isOwnHost(asked.toLowerCase()) && (origin === undefined || URL.parse(origin)?.host === asked.toLowerCase())
}
