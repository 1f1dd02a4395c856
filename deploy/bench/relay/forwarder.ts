import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { Pool } from 'undici'

// The cost of forwarding alone in Node: node:http in, undici out, bodies piped and not read.

const [upstream = ''] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 2048, pipelining: 1 })

const server = createServer((request, response) => {
  const { host: _, connection: __, ...headers } = request.headers
  pool.stream(
    { method: 'POST', path: request.url ?? '/', headers, body: request, opaque: response },
    ({ statusCode, headers: responseHeaders }) => {
      response.writeHead(statusCode, responseHeaders)
      return response
    },
    (error) => error && response.destroy(),
  )
})

server.listen(0, LOOPBACK_HOST, () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
