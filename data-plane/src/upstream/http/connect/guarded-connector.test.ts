import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { planeGuard, serverGuard } from './address.ts'
import { guardedConnector } from './guarded-connector.ts'

/** A server that counts its connections. */
async function aListener() {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => undefined).resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

const ipv4 = (address: string): LookupAddress => ({ address, family: 4 })

/** A name server that gives these answers one after the other. */
function resolverOf(...answers: LookupAddress[][]) {
  let queries = 0
  return (_name: string, _options: object, callback: (error: null, addresses: LookupAddress[]) => void) =>
    callback(null, answers[Math.min(queries++, answers.length - 1)] ?? [])
}

function connected(connect: ReturnType<typeof guardedConnector>, hostname: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    connect({ hostname, host: hostname, protocol: 'http:', port: String(port) }, (error, socket) => {
      resolve(error ? error.message : `connected to ${socket?.remoteAddress}`)
      socket?.destroy()
    })
  })
}

test('a host name that later resolves to a refused address is refused at the connection', async () => {
  await using listener = await aListener()
  const rebinding = resolverOf([ipv4('127.0.0.1')], [ipv4('169.254.169.254')])
  const connect = guardedConnector(serverGuard(true), 60_000, rebinding)
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('connected to 127.0.0.1')
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('tools.example.com has no address a server may have')
})

test('of several addresses only an allowed one is connected to', async () => {
  await using listener = await aListener()
  const connect = guardedConnector(serverGuard(true), 60_000, resolverOf([ipv4('169.254.169.254'), ipv4('127.0.0.1')]))
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('connected to 127.0.0.1')
})

test.for(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]', '[::ffff:127.0.0.1]', '127.0.0.1.'])(
  'without private networks nothing connects to %s',
  async (host) => {
    await using listener = await aListener()
    const outcome = await connected(guardedConnector(serverGuard(false), 60_000), new URL(`http://${host}/`).hostname, listener.port)
    expect(outcome).toContain('server may have')
    expect(listener.connections()).toBe(0)
  },
)

test.for([
  ['a cloud metadata address', '169.254.169.254'],
  ['a link-local address', '169.254.7.7'],
  ['this machine', '127.0.0.1'],
  ['an address that is none', '0.0.0.0'],
] as const)('the name of another plane that resolves to %s is not connected to', async ([, address]) => {
  await using listener = await aListener()
  const connect = guardedConnector(planeGuard, 60_000, resolverOf([ipv4(address)]))
  expect(await connected(connect, 'plane-b.example.com', listener.port)).toBe('plane-b.example.com has no address a plane may have')
  expect(listener.connections()).toBe(0)
})

test.for(['127.0.0.1', 'localhost'])('another plane that says that it is on this machine, at %s, is connected to', async (host) => {
  await using listener = await aListener()
  expect(await connected(guardedConnector(planeGuard, 60_000, resolverOf([ipv4('127.0.0.1')])), host, listener.port)).toBe(
    'connected to 127.0.0.1',
  )
})

test.for(['169.254.169.254', '[fd00:ec2::254]', '[fe80::1]', '0.0.0.0'])('no other plane is connected to at %s', async (host) => {
  expect(await connected(guardedConnector(planeGuard, 60_000), new URL(`http://${host}/`).hostname, 9)).toContain(
    'is not an address a plane may have',
  )
})
