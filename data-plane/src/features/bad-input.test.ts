import { expect, test } from 'vitest'
import { legacyRequest, MODERN, modernRequest, testPlane } from '../testing/plane.ts'

const grants = { debug: { everyone: [{ level: 'read' as const }] } }

const bad: [string, string, (token: string) => RequestInit, number, number][] = [
  ['malformed JSON', '/mcp', (token) => ({ ...modernRequest(token, 'tools/list'), body: '{"jsonrpc":' }), 400, -32700],
  [
    'bytes that are no UTF-8',
    '/mcp',
    (token) => ({ ...modernRequest(token, 'tools/list'), body: Buffer.from([0x7b, 0xff, 0x7d]) }),
    400,
    -32700,
  ],
  ['another content type', '/mcp', (token) => modernRequest(token, 'tools/list', {}, { 'content-type': 'text/plain' }), 415, -31415],
  [
    'a body over the limit',
    '/mcp',
    (token) => modernRequest(token, 'tools/call', { name: 'x', arguments: { text: 'x'.repeat(100_001) } }),
    413,
    -32600,
  ],
  ['no JSON-RPC', '/mcp', (token) => ({ ...modernRequest(token, 'tools/list'), body: '{"hello":1}' }), 400, -32600],
  [
    'an id that is an object',
    '/mcp',
    (token) => ({ ...modernRequest(token, 'x'), body: '{"jsonrpc":"2.0","id":{},"method":"x"}' }),
    400,
    -32600,
  ],
  ['a modern batch', '/mcp', (token) => ({ ...modernRequest(token, 'tools/list'), body: '[]' }), 400, -32600],
  ['an empty batch of 2025-03-26', '/mcp', (token) => ({ ...legacyRequest(token, 'x'), body: '[]' }), 400, -32600],
  ['an unknown modern method', '/mcp', (token) => modernRequest(token, 'tools/dance'), 404, -32601],
  ['a method named like a property of objects', '/mcp', (token) => modernRequest(token, 'constructor'), 404, -32601],
  ['a request that only servers make', '/mcp', (token) => modernRequest(token, 'roots/list'), 404, -32601],
  ['an unknown version', '/mcp', (token) => legacyRequest(token, 'tools/list', {}, { 'mcp-protocol-version': '2031-01-01' }), 400, -32022],
  [
    'an envelope without its claim',
    '/mcp',
    (token) => legacyRequest(token, 'tools/list', {}, { 'mcp-protocol-version': MODERN }),
    400,
    -32602,
  ],
  [
    'a version header that contradicts the body',
    '/mcp',
    (token) => modernRequest(token, 'tools/list', {}, { 'mcp-protocol-version': '2025-11-25' }),
    400,
    -32020,
  ],
  [
    'a method header that contradicts the body',
    '/mcp',
    (token) => modernRequest(token, 'tools/list', {}, { 'mcp-method': 'tools/call' }),
    400,
    -32020,
  ],
  [
    'a name header that contradicts the body',
    '/mcp',
    (token) => modernRequest(token, 'tools/call', { name: 'echo' }, { 'mcp-name': 'other' }),
    400,
    -32020,
  ],
  ['no token', '/mcp', () => modernRequest(undefined, 'tools/list'), 401, -31401],
  ['no token at a server nobody has', '/mcp/nope', () => modernRequest(undefined, 'tools/list'), 401, -31401],
  ['a token that is no token', '/mcp', () => modernRequest('abc', 'tools/list'), 401, -31401],
  ['a foreign Origin', '/mcp', (token) => modernRequest(token, 'tools/list', {}, { origin: 'https://evil.example.com' }), 403, -31403],
  ['the Origin null', '/mcp', (token) => modernRequest(token, 'tools/list', {}, { origin: 'null' }), 403, -31403],
  ['a legacy request without a session', '/mcp', (token) => legacyRequest(token, 'tools/list'), 400, -31400],
  ['a client that accepts no JSON', '/mcp', (token) => modernRequest(token, 'tools/list', {}, { accept: 'text/html' }), 406, -31406],
]

test.for(bad)('%s is refused with its status and code, recorded, and shows no stack', async ([, path, make, status, code]) => {
  await using plane = await testPlane({ grants })
  const response = await fetch(plane.url + path, make(await plane.token()))
  const text = await response.text()
  expect(response.status).toBe(status)
  expect(JSON.parse(text).error.code).toBe(code)
  expect(text).not.toMatch(/at .*\.ts|node:internal/)
  await expect.poll(() => plane.records().length).toBe(1)
  expect(plane.records()[0]?.header).toMatchObject({ outcome: 'refused', httpStatus: expect.any(Number), rpcCode: code })
})
