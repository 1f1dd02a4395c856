import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { MODERN, modernRequest, testPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'

const said = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const schema = { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }
const results: Record<string, object> = {
  'server/discover': { ...said, supportedVersions: [MODERN], capabilities: { tools: {} } },
  'tools/list': { ...said, tools: [{ name: 't', inputSchema: schema }] },
  'tools/call': { resultType: 'complete', content: [] },
}

/** A server behind a gateway, what it heard of calls, and a socket on which anything can be said to the gateway. */
async function aGateway() {
  const heard: string[] = []
  const server = await serverOf(async (request, response) => {
    const body = await text(request)
    const { id, method } = JSON.parse(body) as { id: number; method: string }
    if (method === 'tools/call') heard.push(body)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }))
  })
  const remote = RemoteSettings.parse({ url: server.url, era: MODERN })
  const entry = { kind: 'remote' as const, title: 'T', remote, tools: { t: { level: 'read' as const } } }
  const plane = await testPlane({ grants: { r: { user: [{ level: 'destroy' }] } } }, [], { r: entry })
  const token = await plane.token()
  const listed = async () => (await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/list'))).text()
  await expect.poll(listed).toContain('r_t')
  return {
    heard,
    plane,
    token,
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** What comes back, once the gateway closes the connection. */
async function answerTo(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined).write(bytes)
  return text(socket)
}

type Headers = Record<string, string | string[] | undefined>

function post({ plane: { url }, token }: Awaited<ReturnType<typeof aGateway>>, body: string, more: Headers = {}): string {
  const headers: Headers = {
    Host: new URL(url).host,
    Connection: 'close',
    'Content-Type': 'application/json',
    Authorization: `Bearer ${token}`,
    'MCP-Protocol-Version': MODERN,
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 't',
    'Mcp-Param-A': 'x',
    'Content-Length': String(Buffer.byteLength(body)),
    ...more,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`),
  )
  return `POST /mcp/r HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

const _meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN}","io.modelcontextprotocol/clientCapabilities":{}}`
const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${params},${_meta}}}`
const good = call('"name":"t","arguments":{"a":"x"}')
const chunked = { 'Transfer-Encoding': 'chunked' }

test.for<[string, string, Headers, number]>([
  ['a length and chunks', `0\r\n\r\n${good}`, chunked, 400],
  ['an encoding of transfer that is none', '0\r\n\r\n', { 'Transfer-Encoding': 'xchunked', 'Content-Length': undefined }, 400],
  [
    'chunks that are the last encoding but one',
    '0\r\n\r\n',
    { 'Transfer-Encoding': ['chunked', 'identity'], 'Content-Length': undefined },
    400,
  ],
  ['two lengths', good, { 'Content-Length': ['5', '6'] }, 400],
  ['a negative length', '', { 'Content-Length': '-1' }, 400],
  ['a folded header', good, { 'Mcp-Param-A': 'x\r\n y' }, 400],
  ['a blank before the colon', good, { 'Mcp-Name ': 't' }, 400],
  ['a giant header', good, { 'Mcp-Param-A': 'x'.repeat(20_000) }, 431],
  ['two tokens', good, { Authorization: ['Bearer a', 'Bearer b'] }, 400],
  ['two hosts', good, { Host: ['127.0.0.1', 'evil.example.com'] }, 400],
  ['two content types', good, { 'Content-Type': ['application/json', 'text/plain'] }, 400],
  ['two versions', good, { 'MCP-Protocol-Version': [MODERN, '2025-11-25'] }, 400],
  ['one argument in two headers', good, { 'Mcp-Param-A': ['x', 'x'] }, 400],
  ['a name in a header that CGI takes for the name’s', good, { Mcp_Name: 'u' }, 400],
  ['a method in such a header', good, { MCP_METHOD: 'tools/list' }, 400],
  ['an argument in such a header', good, { mcp_param_a: 'y' }, 400],
  ['an argument in a header that is half so', good, { 'Mcp-Param_A': 'y' }, 400],
  ['a session in such a header', good, { Mcp_Session_Id: 'x' }, 400],
  ['two parameters that CGI takes for one', good, { 'Mcp-Param-B-C': 'x', 'Mcp-Param-B_C': 'y' }, 400],
  ['an argument that its header contradicts', good, { 'Mcp-Param-A': 'y' }, 400],
  ['an argument whose header is missing', good, { 'Mcp-Param-A': undefined }, 400],
  ['a header that is no base64', good, { 'Mcp-Param-A': '=?base64?!!?=' }, 400],
  ['another host', good, { Host: 'evil.example.com' }, 403],
  ['two origins', good, { Origin: ['https://app.example.com', 'https://evil.example.com'] }, 403],
  ['a length over the limit', '{', { 'Content-Length': '99999999' }, 413],
  ['chunks over the limit', `${`ffff\r\n${'x'.repeat(65_535)}\r\n`.repeat(3)}0\r\n\r\n`, { ...chunked, 'Content-Length': undefined }, 413],
  ['arguments of ten thousand levels', call(`"name":"t","arguments":${'['.repeat(10_000)}${']'.repeat(10_000)}`), {}, 413],
  ['a compressed body', good, { 'Content-Encoding': 'gzip' }, 415],
])('%s is refused, and no server hears of it', async ([, body, headers, status]) => {
  await using gateway = await aGateway()
  const answer = await answerTo(gateway.plane.url, post(gateway, body, headers))
  expect(answer.split(' ', 2)).toEqual(['HTTP/1.1', String(status)])
  expect(gateway.heard).toEqual([])
})

test.for<[string, string, string]>([
  ['two names', call('"name":"u","name":"t","arguments":{"a":"x"}'), '"name":"t","arguments":{"a":"x"}'],
  ['two methods', good.replace('"method"', '"method":"tools/list","method"'), '"method":"tools/call"'],
  ['two sets of arguments', call('"name":"t","arguments":{"a":"y"},"arguments":{"a":"x"}'), '"arguments":{"a":"x"}'],
  ['an argument twice, once spelt with an escape', call('"name":"t","arguments":{"\\u0061":"y","a":"x"}'), '"arguments":{"a":"x"}'],
  ['arguments named as objects are made', call('"name":"t","arguments":{"a":"x","__proto__":{"b":1}}'), '"__proto__":{"b":1}'],
])('%s: the server hears what was decided on, and once', async ([, body, expected]) => {
  await using gateway = await aGateway()
  const answer = await answerTo(gateway.plane.url, post(gateway, body))
  expect(answer).toMatch(/^HTTP\/1.1 200 /)
  expect(gateway.heard).toHaveLength(1)
  expect(gateway.heard[0]).toContain(expected)
  expect(gateway.heard[0]).not.toMatch(/"u"|"y"|tools\/list/)
})
