import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { Config } from './config.ts'
import { ownAddress } from './own-address.ts'
import { homePage } from './home-page.ts'
import { secretsPage } from './secrets-page.ts'

/** Serves the pages, which are made once, and the health check. */
export function createPortal(config: Pick<Config, 'mcpUrl' | 'controlUrl' | 'host' | 'portalUrl'>): Server {
  const home = homePage(config)
  const pages = new Map([
    ['/', home],
    ['/secrets', secretsPage(config)],
  ])
  const isForUs = ownAddress(config)
  return createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    const path = request.url?.split('?')[0]
    if (path === '/health') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
      return
    }
    if (!isForUs(request.headers)) {
      response
        .writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
        .end('Requests for this host or from this origin are not accepted.')
      return
    }
    const page = pages.get(path ?? '')
    response.writeHead(page ? 200 : 404, (page ?? home).headers).end((page ?? home).html)
  })
}
