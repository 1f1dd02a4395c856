import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Proxy } from '../proxies.ts'

/** The proxy is not there, or does not let the connection through. */
class ProxyRefused extends Error {
  override readonly name = 'ProxyRefused'
}

type Opened = (...outcome: [ProxyRefused, null] | [null, Socket]) => void

/** Opens a connection to `authority` through the proxy. A failure names the proxy, and no credential. */
export function openTunnel({ url, authorization }: Proxy, authority: string, timeoutMs: number, done: Opened): void {
  const refuse = (why: string) => done(new ProxyRefused(`the proxy ${url.host} ${why}`), null)
  const fail = (error: NodeJS.ErrnoException) => refuse(`cannot be reached (${error.code ?? 'unknown error'})`)
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: { host: authority, ...(authorization !== undefined && { 'proxy-authorization': authorization }) },
  })
  const timer = setTimeout(() => request.destroy(Object.assign(new Error(), { code: 'no answer in time' })), timeoutMs).unref()
  request.once('close', () => clearTimeout(timer))
  request.once('connect', ({ statusCode = 0 }, socket: Socket, head) => {
    clearTimeout(timer)
    request.off('error', fail)
    if (statusCode < 200 || statusCode > 299) {
      socket.destroy()
      return refuse(`answered CONNECT with HTTP ${statusCode}`)
    }
    if (head.length > 0) socket.unshift(head)
    done(null, socket)
  })
  request.once('error', fail)
  request.end()
}
