import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

/** What passing bytes on costs in this language: node:http in, undici out, bodies piped, nothing looked at. */
const [upstream = ''] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 2048, pipelining: 1 })

const server = createServer((request, response) => {
  const { host: _, connection: __, ...headers } = request.headers
  pool.stream(
    { method: 'POST', path: request.url ?? '/', headers, body: request, opaque: response },
    ({ statusCode, headers: given }) => {
      response.writeHead(statusCode, given)
      return response
    },
    (error) => error && response.destroy(),
  )
})

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
