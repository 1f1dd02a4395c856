import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { Changes } from '../fixture/fixture.ts'
import { legacyServer } from './legacy-server.ts'
import type { Upstream } from './serve.ts'

const messagesPath = '/messages'

/** The legacy fixture over the HTTP+SSE transport of 2024-11-05. */
export async function sseUpstream(): Promise<Upstream> {
  const changes = new Changes()
  const sessions = new Map<string, SSEServerTransport>()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/sse' && request.method === 'GET') return open(response)
    const session = pathname === messagesPath ? sessions.get(searchParams.get('sessionId') ?? '') : undefined
    return session && request.method === 'POST' ? session.handlePostMessage(request, response) : response.writeHead(404).end('Not found')
  }

  async function open(response: ServerResponse): Promise<void> {
    const session = new SSEServerTransport(messagesPath, response)
    sessions.set(session.sessionId, session)
    response.once('close', () => sessions.delete(session.sessionId))
    await legacyServer(changes).connect(session)
  }

  await new Promise<void>((resolve) => server.listen(0, LOOPBACK_HOST, resolve))
  return {
    url: `http://${LOOPBACK_HOST}:${(server.address() as AddressInfo).port}/sse`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
