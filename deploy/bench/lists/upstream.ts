import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

// Many servers in one process, one per path. Each lists fifty tools. The server `hanging` never answers.

const inputSchema = {
  type: 'object',
  properties: { query: { type: 'string', description: 'What to look for.' }, limit: { type: 'integer', minimum: 1, maximum: 100 } },
  required: ['query'],
}
const tools = Array.from({ length: 50 }, (_, at) => ({
  name: `get_thing_${at}`,
  title: `Get thing ${at}`,
  description: 'Finds things by what they are called and gives the first of them, newest first, with where they are and who made them.',
  inputSchema,
  annotations: { readOnlyHint: true },
}))
const resultFields = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const results: Record<string, object> = {
  'server/discover': { ...resultFields, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
  'tools/list': { ...resultFields, tools },
}

const server = createServer((request, response) => {
  if (request.url === '/hanging') return
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const { id, method } = JSON.parse(Buffer.concat(parts).toString()) as { id: number; method: string }
    const result = results[method]
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id,
      ...(result ? { result } : { error: { code: -32_601, message: 'Method not found' } }),
    })
    response.writeHead(result ? 200 : 404, { 'content-type': 'application/json' }).end(body)
  })
})

server.listen(0, LOOPBACK_HOST, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
