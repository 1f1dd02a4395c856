import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, Server } from '@modelcontextprotocol/server'

// A simple proxy with the official SDK: its server in front, and one client behind, which is connected once.

const [upstream = ''] = process.argv.slice(2)
const info = { name: 'sdk-proxy', version: '1' }
const client = new Client(info, { versionNegotiation: { mode: 'auto' } })
await client.connect(new StreamableHTTPClientTransport(new URL(upstream)))

const handle = toNodeHandler(
  createMcpHandler(
    () => {
      const proxy = new Server(info, { capabilities: { tools: {} } })
      proxy.setRequestHandler('tools/list', () => client.listTools())
      proxy.setRequestHandler('tools/call', ({ params }) => client.callTool({ name: params.name, arguments: params.arguments ?? {} }))
      return proxy
    },
    { responseMode: 'json' },
  ),
)

const server = createServer((request, response) => void handle(request as Parameters<typeof handle>[0], response))
server.listen(0, LOOPBACK_HOST, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
