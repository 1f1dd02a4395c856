import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { PUBLIC_URL } from '../testing/plane.ts'
import { aPolicy } from '../testing/policy.ts'
import { serverOf } from '../upstream/testing.ts'
import type { TestServer } from '../upstream/testing.ts'
import type { Policy } from '@bir/sdk/contract/policy'
import { newKeys } from '../control/identity.ts'
import { endpointOf } from '../http/endpoint.ts'
import { OpenStreams } from '../sessions/open-streams.ts'
import { Forwarder } from './forward.ts'
import { openAuthorization, SEALED_AUTHORIZATION_HEADER } from './sealed-authorization.ts'
import { requestDigest } from './signature.ts'
import type { PolicySource } from '../policy/source.ts'

type PlaneKey = Policy['planes'][number]['publicKey']

const home = '01980000-0000-7000-8000-00000000000a'
const here = '01980000-0000-7000-8000-00000000000b'

/** A server that forwards every request to the plane at that address. */
async function forwardingServer(
  { url: internalUrl }: TestServer,
  silentMs: number,
  sealingKey?: PlaneKey['sealingKey'],
): Promise<TestServer> {
  const publicKey = { kty: 'OKP', kid: 'home', alg: 'EdDSA', ...(sealingKey && { sealingKey }) }
  const policy = aPolicy({ planes: [{ id: home, name: 'home', publicKey, internalUrl }] })
  const source: PolicySource = {
    current: () => policy,
    held: policy,
    refusal: () => undefined,
    freshAtMs: () => Date.now(),
    isAway: () => false,
    waitForRevision: () => Promise.resolve(true),
    onChange: () => () => undefined,
  }
  const forwarder = new Forwarder({
    node: here,
    policy: source,
    streams: new OpenStreams(),
    sign: () => Promise.resolve('signature'),
    silentMs,
  })
  const endpoint = endpointOf(PUBLIC_URL, '/mcp/things')
  if (!endpoint) throw new Error('no endpoint')
  const server = await serverOf((request, response) =>
    forwarder
      .forward(home, { request, response, endpoint, sender: { ip: '192.0.2.7', userAgent: undefined }, headers: {} }, '')
      .catch(({ cause }: Error) => response.writeHead(404).end(String(cause))),
  )
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await forwarder.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('when a home freezes, its stream ends, so that the client opens another', async () => {
  await using frozen = await serverOf((_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n'))
  await using server = await forwardingServer(frozen, 100)
  const stream = await fetch(server.url)
  const reader = stream.body!.getReader()
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(': here\n\n')
  await expect(reader.read()).rejects.toThrow('terminated')
})

test('a stream that its home ends is passed on whole', async () => {
  await using lively = await serverOf((_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {}\n\n'))
  await using server = await forwardingServer(lively, 60_000)
  expect(await (await fetch(server.url)).text()).toBe('data: {}\n\n')
})

/** A home that keeps the headers of the requests that reach it. */
async function aHome() {
  const headers: IncomingHttpHeaders[] = []
  const server = await serverOf((request, response) => {
    headers.push(request.headers)
    response.end()
  })
  return { server, headers, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('the token of a forwarded request is sealed: nobody at the address reads it but the plane of the roster', async () => {
  const { sealingKey } = newKeys()
  const { d: _, ...publicPart } = sealingKey
  await using there = await aHome()
  await using server = await forwardingServer(there.server, 60_000, publicPart)
  await fetch(server.url, { method: 'DELETE', headers: { authorization: 'Bearer the-token', 'mcp-session-id': 's' } })
  const [got = {}] = there.headers
  expect(got).toMatchObject({ 'bir-handed': 'signature', 'mcp-session-id': 's' })
  expect(JSON.stringify(got)).not.toContain('the-token')

  const box = String(got[SEALED_AUTHORIZATION_HEADER])
  const digest = requestDigest('DELETE', '/mcp/things', '')
  expect(openAuthorization(sealingKey, digest, box)).toBe('Bearer the-token')
  expect(openAuthorization(sealingKey, requestDigest('DELETE', '/mcp', ''), box)).toBeUndefined()
  expect(openAuthorization(newKeys().sealingKey, digest, box)).toBeUndefined()
  expect(openAuthorization(sealingKey, digest, 'Bearer the-token')).toBeUndefined()
})

test('a plane that opens no boxes gets the token as it is', async () => {
  await using there = await aHome()
  await using server = await forwardingServer(there.server, 60_000)
  await fetch(server.url, { headers: { authorization: 'Bearer the-token' } })
  expect(there.headers[0]).toMatchObject({ authorization: 'Bearer the-token' })
})

test('a plane whose address is a metadata address gets nothing', async () => {
  await using server = await forwardingServer({ url: 'http://169.254.169.254', [Symbol.asyncDispose]: async () => undefined }, 60_000)
  const answer = await fetch(server.url)
  expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('is not an address a plane may have')])
})
