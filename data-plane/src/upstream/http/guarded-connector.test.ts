import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
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
  const connect = guardedConnector(true, 60_000, rebinding)
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('connected to 127.0.0.1')
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('tools.example.com has no address a server may have')
})

test('of several addresses only an allowed one is connected to', async () => {
  await using listener = await aListener()
  const connect = guardedConnector(true, 60_000, resolverOf([ipv4('169.254.169.254'), ipv4('127.0.0.1')]))
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('connected to 127.0.0.1')
})

test.for(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]', '[::ffff:127.0.0.1]', '127.0.0.1.'])(
  'without private networks nothing connects to %s',
  async (host) => {
    await using listener = await aListener()
    const outcome = await connected(guardedConnector(false, 60_000), new URL(`http://${host}/`).hostname, listener.port)
    expect(outcome).toContain('server may have')
    expect(listener.connections()).toBe(0)
  },
)
