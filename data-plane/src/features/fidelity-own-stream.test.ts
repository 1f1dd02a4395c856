import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { legacyRequest } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'
import { messagesIn } from '../testing/fidelity.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'

const odd = '{"long":12345678901234567890, "one":1.0,\n"list":[-0.0]}'
const initialized = '{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"s","version":"1"}}'

/** A server that says the same on every stream of its sessions, and remembers what it is answered. */
async function talkative() {
  const answers: string[] = []
  const said = [
    `{"jsonrpc":"2.0","method":"com.example/x","params":${odd}}`,
    `{"jsonrpc":"2.0","id":12345678901234567890,"method":"roots/list","params":{"odd":${odd}}}`,
  ]
  const server = await serverOf(async (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      return response.write(said.map((message) => `data: ${message.replaceAll('\n', '\ndata: ')}\n\n`).join(''))
    }
    const body = await text(request)
    const { id, method } = JSON.parse(body || '{}') as { id?: number; method?: string }
    if (method === undefined) answers.push(body)
    if (id === undefined || method === undefined) return response.writeHead(202).end()
    const result = method === 'initialize' ? initialized : '{"tools":[]}'
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's1' })
    response.end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`)
  })
  return { url: server.url, answers, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test.for(['/mcp/things', '/mcp'])('at %s what passes on the stream of a session is as it was written, both ways', async (path) => {
  await using server = await talkative()
  await using plane = await planeBefore({ things: aRemoteEntry(server.url, 'legacy', []) })
  const url = plane.url + path
  const token = await plane.token()
  const begin = { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 'c', version: '1' } }
  const session = { 'mcp-session-id': (await fetch(url, legacyRequest(token, 'initialize', begin))).headers.get('mcp-session-id') ?? '' }
  const headers = { ...session, authorization: `Bearer ${token}`, accept: 'text/event-stream' }
  const leave = new AbortController()
  const heard: string[] = []
  const reading = messagesIn(await fetch(url, { headers, signal: leave.signal }), async (message) => {
    heard.push(message)
    const id = /"id":("[^"]+"),"method":"roots/.exec(message)?.[1]
    if (id !== undefined)
      await fetch(url, {
        ...legacyRequest(token, '', {}, session),
        body: `{"jsonrpc":"2.0","id":${id},"result":{"roots":[],"odd":${odd}}}`,
      })
  }).catch(() => undefined)
  await expect.poll(() => server.answers).toContain(`{"jsonrpc":"2.0","id":12345678901234567890,"result":{"roots":[],"odd":${odd}}}`)
  expect(heard).toContainEqual(`{"jsonrpc":"2.0","method":"com.example/x","params":${odd}}`)
  expect(heard).toContainEqual(expect.stringContaining(`"method":"roots/list","params":{"odd":${odd}}}`))
  leave.abort()
  await within(reading, 'the stream to end')
})
