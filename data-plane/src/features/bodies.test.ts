import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { generateKeyPair } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { newKeys } from '../control/identity.ts'
import { peerSigner, requestDigest } from '../peers/signature.ts'
import { ALICE, DAVE, modernRequest, testPlane } from '../testing/plane.ts'
import type { Place } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'

const grants = { debug: { everyone: [{ level: 'read' as const }] } }
const maxRequestBytes = 4 * 1024 * 1024

/** A connection on which a test writes what it likes, with all that came back. */
async function rawConnection(url: string) {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return {
    write: (bytes: string) => void socket.write(bytes),
    end: () => socket.destroy(),
    get statuses() {
      return [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))
    },
    get closed() {
      return socket.closed
    },
  }
}

function head(url: string, headers: Record<string, string>, path = '/mcp'): string {
  const all = { host: new URL(url).host, 'content-type': 'application/json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

const declared = (bytes: number) => ({ 'Content-Length': String(bytes) })

test('of 300 bodies that strangers send and do not finish, nothing is kept: each is answered at once', async () => {
  await using plane = await testPlane({ grants }, [], {}, undefined, { maxRequestBytes })
  const connections = await Promise.all(Array.from({ length: 300 }, () => rawConnection(plane.url)))
  for (const { write } of connections) write(`${head(plane.url, declared(maxRequestBytes))}${'x'.repeat(60_000)}`)
  await expect.poll(() => connections.filter(({ statuses }) => statuses[0] === 401).length).toBe(300)
  expect(plane.bodies.held).toBe(0)
})

test.for<[string, Record<string, string>, string]>([
  ['what is no JSON', declared(3), '{]}'],
  ['another content type', { ...declared(2), 'content-type': 'text/plain' }, '{}'],
  ['a client that accepts no JSON', { ...declared(2), Accept: 'text/html' }, '{}'],
  ['a length over the limit', declared(999_999_999), '{'],
  ['chunks without an end', { 'Transfer-Encoding': 'chunked' }, '2\r\n{}\r\n'],
])('a stranger learns nothing but how to sign in: %s', async ([, headers, body]) => {
  await using plane = await testPlane({ grants })
  const connection = await rawConnection(plane.url)
  connection.write(head(plane.url, { ...headers, Authorization: 'Bearer nobody' }) + body)
  await expect.poll(() => connection.statuses).toEqual([401])
})

test('after a body that nobody read, the connection carries the next requests in their order', async () => {
  await using plane = await testPlane({ grants })
  const connection = await rawConnection(plane.url)
  const refused = head(plane.url, declared(50_000)) + 'x'.repeat(50_000)
  const init = modernRequest(await plane.token(), 'tools/list')
  const good = head(plane.url, { ...(init.headers as Record<string, string>), ...declared(init.body.length) }) + init.body
  connection.write(refused + good + refused + good)
  await expect.poll(() => connection.statuses).toEqual([401, 200, 401, 200])
  connection.write(refused.slice(0, -20_000))
  await expect.poll(() => connection.statuses).toHaveLength(5)
  connection.write(refused.slice(-20_000) + good)
  await expect.poll(() => connection.statuses.slice(4)).toEqual([401, 200])
})

test('a body that goes on beyond the limit, though it was refused, ends its connection', async () => {
  await using plane = await testPlane({ grants })
  const connection = await rawConnection(plane.url)
  connection.write(head(plane.url, { 'Transfer-Encoding': 'chunked' }))
  await expect.poll(() => connection.statuses).toEqual([401])
  connection.write(`ffff\r\n${'x'.repeat(65_535)}\r\n`.repeat(70))
  await expect.poll(() => connection.closed).toBe(true)
})

test('one person’s unfinished bodies hold a share, and leave room for the whole body of another', async () => {
  await using plane = await testPlane({ grants }, [], {}, undefined, { maxRequestBytes })
  const authorization = { Authorization: `Bearer ${await plane.token()}` }
  const half = head(plane.url, { ...authorization, ...declared(maxRequestBytes) }) + 'x'.repeat(maxRequestBytes - 10)
  const connections = await Promise.all(Array.from({ length: 12 }, () => rawConnection(plane.url)))
  for (const { write } of connections) write(half)
  await expect.poll(() => connections.some(({ statuses }) => statuses[0] === 429)).toBe(true)
  // The piece that is refused is held until its connection has let go of it.
  await expect.poll(() => plane.bodies.held).toBeLessThanOrEqual(8 * maxRequestBytes)

  const dave = await plane.token({ sub: DAVE })
  const whole = modernRequest(dave, 'tools/call', { name: 'echo', arguments: { text: 'x'.repeat(maxRequestBytes - 1_000) } })
  expect((await fetch(`${plane.url}/mcp/debug`, whole)).status).toBe(200)

  for (const { end } of connections) end()
  await expect.poll(() => plane.bodies.held).toBe(0)
})

test('a token that is revoked while the body arrives is refused', async () => {
  await using plane = await testPlane({ grants })
  const init = modernRequest(await plane.token({ sub: ALICE, jti: 'gone' }), 'tools/list')
  const body: string = init.body
  const connection = await rawConnection(plane.url)
  const headers = { ...(init.headers as Record<string, string>), ...declared(body.length) }
  connection.write(head(plane.url, headers) + body.slice(0, -1))
  await expect.poll(() => plane.bodies.held).toBe(body.length - 1)
  plane.use({ revoked: { tokens: ['gone'] } })
  connection.write(body.slice(-1))
  await expect.poll(() => connection.statuses).toEqual([401])
  await expect.poll(() => plane.bodies.held).toBe(0)
})

test.for<[string, string, string]>([
  ['half a million empty lists', `[${'[],'.repeat(500_000)}[]]`, 'more than 250000 values'],
  [
    'a hundred thousand different members',
    JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at]))),
    'more than 20000 different members',
  ],
  ['a hundred thousand levels', '['.repeat(100_000) + ']'.repeat(100_000), 'nested more than 512 levels'],
])('%s are refused before they are parsed, with the reason', async ([, args, message]) => {
  await using plane = await testPlane({ grants }, [], {}, undefined, { maxRequestBytes })
  const init = modernRequest(await plane.token(), 'resources/read', { uri: 'ARGS' })
  const response = await fetch(`${plane.url}/mcp`, { ...init, body: init.body.replace('"ARGS"', args) })
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ error: { code: -32600, message: expect.stringContaining(message) } })
  await expect.poll(() => plane.records()[0]?.header).toMatchObject({ handle: 'alice', outcome: 'refused', reason: 'tooLarge' })
})

test('another plane’s body is read once it has signed for it, and only the body that it signed for', async () => {
  const keys = newKeys()
  const { kty, crv, x } = keys.signingKey
  const publicKey = { kty, crv, x, kid: 'here', alg: 'EdDSA' }
  const identity = { id: uuidv7(), controlUrl: 'http://c.test', issuer: 'http://c.test', manifestKey: publicKey, ...keys }
  const homeDir = mkdtempSync(join(tmpdir(), 'bir-bodies-'))
  onTestFinished(() => rmSync(homeDir, { recursive: true }))
  const tokens = await generateKeyPair('EdDSA', { extractable: true })
  const place: Place = { identity, homeDir, tokens, roster: () => [{ id: identity.id, name: 'here', publicKey }] }
  await using plane = await testPlane({ grants }, [], {}, place)
  const init = modernRequest(await plane.token(), 'tools/list')
  const signature = await peerSigner(identity)(identity.id, requestDigest('POST', '/mcp', init.body), {
    ip: '192.0.2.7',
    userAgent: undefined,
  })
  const send = (headers: Record<string, string>, body: string) =>
    fetch(`${plane.internalUrl}/mcp`, { ...init, headers: { ...(init.headers as Record<string, string>), ...headers }, body })
  expect((await within(send({ 'bir-handed': signature }, init.body), 'the answer')).status).toBe(200)
  expect((await send({ 'bir-handed': signature }, `${init.body} `)).status).toBe(403)

  const connection = await rawConnection(plane.internalUrl)
  connection.write(head(plane.internalUrl, { ...declared(90_000), 'bir-handed': 'no.signature.x' }) + 'x'.repeat(60_000))
  await expect.poll(() => connection.statuses).toEqual([403])
  expect(plane.bodies.held).toBe(0)
})
