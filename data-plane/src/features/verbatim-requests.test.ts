import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'

/** Numbers that JavaScript cannot hold, in a spacing that nobody else would choose. */
const odd = '{ "account":12345678901234567890, "amount":1.10, "list" : [9007199254740993, -0.0] }'
const result = `{"content":[],"structuredContent":${odd}}`

/** A server of either era that answers every call with the same text and remembers the bodies it got. */
async function anUpstream(era: 'legacy' | 'modern') {
  const bodies: string[] = []
  const server = await serverOf(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const body = await text(request)
    const { id, method } = JSON.parse(body) as { id?: number; method: string }
    if (method === 'tools/call') bodies.push(body)
    if (id === undefined) return response.writeHead(202).end()
    const answer = answers[method]?.[era]
    const member = answer ? `"result":${answer}` : '"error":{"code":-32601,"message":"no"}'
    return response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0","id":${id},${member}}`)
  })
  return { bodies, url: `${server.url}/mcp`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const tools = '"tools":[{"name":"pay","inputSchema":{"type":"object"}}]'
const answers: Record<string, { legacy?: string; modern?: string }> = {
  'server/discover': {
    modern: '{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}',
  },
  initialize: { legacy: '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' },
  'tools/list': { legacy: `{${tools}}`, modern: `{"resultType":"complete","ttlMs":0,"cacheScope":"private",${tools}}` },
  'tools/call': { legacy: result, modern: `{"resultType":"complete",${result.slice(1)}` },
}

async function aGateway(url: string) {
  return testPlane({ grants: { bank: { user: [{ level: 'destroy' }] } } }, [], {
    bank: { kind: 'remote', title: 'Bank', remote: RemoteSettings.parse({ url }), tools: { pay: { level: 'read' } } },
  })
}

const withArguments = (init: RequestInit & { body: string }): RequestInit => ({ ...init, body: init.body.replace('"ODD"', odd) })

test.for([
  ['modern', 'modern', '/mcp/bank', 'pay'],
  ['modern', 'legacy', '/mcp/bank', 'pay'],
  ['legacy', 'modern', '/mcp/bank', 'pay'],
  ['legacy', 'legacy', '/mcp/bank', 'pay'],
  ['modern', 'modern', '/mcp', 'bank_pay'],
  ['legacy', 'legacy', '/mcp', 'bank_pay'],
] as const)(
  'a %s client and a %s server at %s hear each other’s numbers to the last digit, and so does the audit',
  async ([client, server, path, name]) => {
    await using upstream = await anUpstream(server)
    await using plane = await aGateway(upstream.url)
    const token = await plane.token()
    const params = { name, arguments: 'ODD' }
    const init = client === 'modern' ? modernRequest(token, 'tools/call', params) : await inSession(plane.url + path, token, params)
    const answer = await fetch(plane.url + path, withArguments(init))
    expect(await answer.text()).toContain(`"structuredContent":${odd}`)
    expect(upstream.bodies).toEqual([expect.stringContaining(`"arguments":${odd}`)])
    const record = plane.records().find(({ header }) => header.method === 'tools/call')
    expect(record?.args).toBe(odd)
    expect(record?.result).toContain(odd)
  },
)

async function inSession(url: string, token: string, params: Record<string, unknown>) {
  const client = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const { headers } = await fetch(url, legacyRequest(token, 'initialize', client))
  return legacyRequest(token, 'tools/call', params, { 'mcp-session-id': headers.get('mcp-session-id') ?? '' })
}

test('where a key stands twice in the arguments, the server hears what was decided on', async () => {
  await using upstream = await anUpstream('modern')
  await using plane = await aGateway(upstream.url)
  const init = modernRequest(await plane.token(), 'tools/call', { name: 'pay', arguments: 'ODD' })
  const twice = init.body.replace('"ODD"', '{"to":{"iban":"first","iban":"last"}}')
  await fetch(`${plane.url}/mcp/bank`, { ...init, body: twice })
  expect(upstream.bodies).toEqual([expect.stringContaining('"arguments":{"to":{"iban":"last"}}')])
})
