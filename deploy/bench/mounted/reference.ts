import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

// The cost of a call without a gateway: node:http reads JSON, parses it and answers JSON.

interface Call {
  id: number
  params: { arguments: { text: string; times?: number } }
}

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const { id, params } = JSON.parse(Buffer.concat(parts).toString()) as Call
    const text = params.arguments.text.repeat(params.arguments.times ?? 1)
    const body = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }], structuredContent: { text } } })
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  })
})

server.listen(0, LOOPBACK_HOST, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
