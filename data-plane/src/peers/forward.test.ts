import { expect, test } from 'vitest'
import { PUBLIC_URL } from '../testing/plane.ts'
import { aPolicy } from '../testing/policy.ts'
import { serverOf } from '../upstream/testing.ts'
import type { TestServer } from '../upstream/testing.ts'
import { endpointOf } from '../http/endpoint.ts'
import { Forwarder } from './forward.ts'
import type { PolicySource } from '../policy/source.ts'

const home = '01980000-0000-7000-8000-00000000000a'
const here = '01980000-0000-7000-8000-00000000000b'

/** A server that forwards every request to the plane at that address. */
async function forwardingServer({ url: internalUrl }: TestServer, silentMs: number): Promise<TestServer> {
  const publicKey = { kty: 'OKP', kid: 'home', alg: 'EdDSA' }
  const policy = aPolicy({ planes: [{ id: home, name: 'home', publicKey, internalUrl }] })
  const source: PolicySource = {
    current: () => policy,
    freshAtMs: () => Date.now(),
    waitForRevision: () => Promise.resolve(true),
    onChange: () => () => undefined,
  }
  const forwarder = new Forwarder({ node: here, policy: source, sign: () => Promise.resolve('signature'), silentMs })
  const endpoint = endpointOf(PUBLIC_URL, '/mcp/things')
  if (!endpoint) throw new Error('no endpoint')
  const server = await serverOf((request, response) => forwarder.forward(home, { request, response, endpoint, headers: {} }, ''))
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
