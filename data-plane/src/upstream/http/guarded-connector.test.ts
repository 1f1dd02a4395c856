import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { guardedConnector } from './guarded-connector.ts'

/** Counts who connects to it. */
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

const four = (address: string): LookupAddress => ({ address, family: 4 })

/** A name server whose answers change from one question to the next. */
function answering(...answers: LookupAddress[][]) {
  let asked = 0
  return (_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) =>
    callback(null, answers[Math.min(asked++, answers.length - 1)] ?? [])
}

function connected(connect: ReturnType<typeof guardedConnector>, hostname: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    connect({ hostname, host: hostname, protocol: 'http:', port: String(port) }, (error, socket) => {
      resolve(error ? error.message : `connected to ${socket?.remoteAddress}`)
      socket?.destroy()
    })
  })
}

test('a name that comes to mean an inner address is refused at the connection, though it was fine before', async () => {
  await using listener = await aListener()
  const rebinding = answering([four('127.0.0.1')], [four('169.254.169.254')])
  const connect = guardedConnector(true, 60_000, rebinding)
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('connected to 127.0.0.1')
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('tools.example.com has no address a server may have')
})

test('of several addresses only those a server may have are connected to', async () => {
  await using listener = await aListener()
  const connect = guardedConnector(true, 60_000, answering([four('169.254.169.254'), four('127.0.0.1')]))
  expect(await connected(connect, 'tools.example.com', listener.port)).toBe('connected to 127.0.0.1')
})

test.for(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]', '[::ffff:127.0.0.1]', '127.0.0.1.'])(
  'where private networks are not allowed nothing connects to %s',
  async (host) => {
    await using listener = await aListener()
    const said = await connected(guardedConnector(false, 60_000), new URL(`http://${host}/`).hostname, listener.port)
    expect(said).toContain('server may have')
    expect(listener.connections()).toBe(0)
  },
)
