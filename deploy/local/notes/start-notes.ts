import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { hostInUrl } from '@bir/sdk/contract/loopback'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node'
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import { NOTES_KEY_HEADER } from './config.ts'
import type { NotesConfig } from './config.ts'
import { Notebook } from './notebook.ts'
import { notesServer } from './tools.ts'

/**
 * Starts the demo's remote server: MCP of both eras at `/mcp`, on loopback alone. It takes one credential, which the
 * gateway sends. It does not know who calls: to tell people apart is the gateway's part.
 */
export async function startNotes({ host, port, homeDir, key }: NotesConfig): Promise<{ url: string; close(): Promise<void> }> {
  const notebook = new Notebook(join(homeDir, 'notes.json'))
  const mcp = createMcpHandler(() => notesServer(notebook))
  const handle = toNodeHandler(mcp)
  const guards = [localhostHostValidation(), localhostOriginValidation()]
  const server = createServer((request, response) => {
    if (request.url === '/health') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
    if (!guards.every((allows) => allows(request, response))) return
    if (request.url !== '/mcp') return void response.writeHead(404).end()
    if (!isFromGateway(request, key)) return void response.writeHead(401).end()
    // Node's own type does not fit the adapter's under exactOptionalPropertyTypes.
    handle(request as NodeIncomingMessageLike, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `http://${hostInUrl(host)}:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      await mcp.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function isFromGateway({ headers }: IncomingMessage, key: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(String(headers[NOTES_KEY_HEADER] ?? '')), digest(key))
}
