import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { legacyRequest, MODERN, modernRequest, testPlane } from '../testing.ts'
import { serverOf } from '../upstream/testing.ts'

const numbers = fc.constantFrom(
  '0',
  '-0',
  '1.0',
  '1E+2',
  '1e400',
  '-1e-400',
  '12345678901234567890',
  '9007199254740993',
  '0.10',
  '3.141592653589793238',
)
const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map((one) => JSON.stringify(one)),
  fc.constantFrom('"\\/"', '"\\u0041"', '"\\ud800"', '"\\u2028\u2028"', '"\\u0000"', '"\\ud83d\\ude00"', '"data: x\\n\\n"'),
)
const scalars = fc.oneof(numbers, strings, fc.constantFrom('null', 'true', 'false'))
const keys = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'x-vendor/key'),
)

/** Whatever a server may say, as it writes it: numbers that JavaScript cannot hold, escapes where none is needed, names that objects have already. */
const { value: anyJson } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalars, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[ ${items.join(' ,')}]`),
  object: fc.uniqueArray(fc.tuple(keys, tie('value')), { maxLength: 4, selector: ([key]) => key }).map(objectOf),
}))

function objectOf(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(', ')}}`
}

/** What a reader reads, numbers by their letters. A revived `__proto__` would be lost, so members are pairs. */
function read(json: string): unknown {
  const numbersOf = (_: string, value: unknown, { source }: { source?: string }) => (typeof value === 'number' ? `number ${source}` : value)
  return paired(JSON.parse(json, numbersOf as (key: string, value: unknown) => unknown))
}

function paired(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(paired)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, inner]) => [key, paired(inner)]))
}

interface Said {
  result: string
  notified: string
}
const said = fc.record({
  result: fc
    .tuple(fc.uniqueArray(fc.tuple(keys, anyJson), { maxLength: 5, selector: ([key]) => key }), anyJson, anyJson)
    .map(([more, block, structured]) =>
      objectOf([...more, ['content', `[{"type":"x-odd","value":${block}}]`], ['structuredContent', `{"value":${structured}}`]]),
    ),
  notified: fc.uniqueArray(fc.tuple(keys, anyJson), { maxLength: 4, selector: ([key]) => key }).map(objectOf),
})

type Era = 'legacy' | 'modern'
type How = 'as one body' | 'as a stream, byte by byte'

async function aGateway(era: Era, how: How) {
  let now: Said = { result: '{}', notified: '{}' }
  const lists = '"ttlMs":0,"cacheScope":"private","tools":[{"name":"t","inputSchema":{"type":"object"}}]'
  const results: Record<string, string> = {
    initialize: '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}',
    'tools/list': `{"resultType":"complete",${lists}}`,
    ...(era === 'modern' && {
      'server/discover': `{"resultType":"complete","supportedVersions":["${MODERN}"],"capabilities":{"tools":{}}}`,
    }),
  }
  const server = await serverOf(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const { id, method } = JSON.parse(await text(request)) as { id?: number; method: string }
    if (id === undefined) return response.writeHead(202).end()
    const result = method === 'tools/call' ? now.result : results[method]
    const answer = `{"jsonrpc":"2.0", "id":${id},${result === undefined ? '"error":{"code":-32601,"message":"no"}' : `"result": ${result}`}}`
    if (method !== 'tools/call' || how === 'as one body')
      return response.writeHead(result === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(answer)
    const notification = `{"jsonrpc":"2.0","method":"com.example/x","params":${now.notified}}`
    await trickle(response, `: hello\r\ndata: ${notification}\n\nevent: message\rdata:${answer}\r\n\r\n`)
  })
  const entry = {
    kind: 'remote' as const,
    title: 'T',
    remote: RemoteSettings.parse({ url: server.url }),
    tools: { t: { level: 'read' as const } },
  }
  const plane = await testPlane({ grants: { things: { user: [{ level: 'destroy' }] } } }, [], { things: entry })
  return {
    plane,
    say: (what: Said) => void (now = what),
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function trickle(response: ServerResponse, stream: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  // What is written in one turn goes out as one piece.
  for (const byte of Buffer.from(stream)) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve))
  response.end()
}

/** The messages of an answer, whether it came as one body or as a stream. */
const messagesIn = (body: string): string[] =>
  body.startsWith('{')
    ? [body]
    : body
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6))

/** What each era adds to a result. */
function withoutEnvelope(result: unknown): unknown {
  if (result instanceof Map) for (const key of ['resultType', '_meta']) result.delete(key)
  return result
}

const all = (['legacy', 'modern'] as const).flatMap((client) =>
  (['legacy', 'modern'] as const).flatMap((server) =>
    (['as one body', 'as a stream, byte by byte'] as const).flatMap((how) =>
      ['/mcp/things', '/mcp'].map((path) => ({ client, server, how, path })),
    ),
  ),
)

test.for(all)(
  'any result of a $server server, $how, reaches a $client client at $path as it was written',
  async ({ client, server, how, path }) => {
    await using gateway = await aGateway(server, how)
    const { plane, say } = gateway
    const token = await plane.token()
    const url = plane.url + path
    const params = { name: path === '/mcp' ? 'things_t' : 't', arguments: {} }
    const initializing = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
    const session =
      client === 'legacy' ? (await fetch(url, legacyRequest(token, 'initialize', initializing))).headers.get('mcp-session-id') : null
    const request =
      session === null
        ? modernRequest(token, 'tools/call', params)
        : legacyRequest(token, 'tools/call', params, { 'mcp-session-id': session })

    await fc.assert(
      fc.asyncProperty(said, async (what) => {
        say(what)
        const messages = messagesIn(await (await fetch(url, request)).text()).map(read) as Map<string, unknown>[]
        expect(withoutEnvelope(messages.at(-1)?.get('result'))).toEqual(read(what.result))
        expect(messages).toHaveLength(how === 'as one body' ? 1 : 2)
        if (how !== 'as one body') expect(messages[0]?.get('params')).toEqual(read(what.notified))
      }),
      { numRuns: 30 },
    )
  },
)
