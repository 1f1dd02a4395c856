import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a call costs before any gateway: node:http reads JSON, parses it, answers JSON. */
const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const { id, params } = JSON.parse(Buffer.concat(parts).toString()) as { id: number; params: { arguments: { text: string } } }
    const { text } = params.arguments
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }], structuredContent: { text } } })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  })
})

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
