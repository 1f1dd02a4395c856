import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import type { Proxy } from '@bir/sdk/proxies'
import { expect, test } from 'vitest'
import { publicConnector } from './public-connector.ts'

const ipv4 = (address: string): LookupAddress => ({ address, family: 4 })

/** A name server that gives these answers one after the other. */
function resolverOf(...answers: LookupAddress[][]) {
  let queries = 0
  return (_name: string, _options: object, callback: (error: null, addresses: LookupAddress[]) => void) =>
    callback(null, answers[Math.min(queries++, answers.length - 1)] ?? [])
}

async function aListener() {
  const server = createServer((socket) => socket.on('error', () => undefined).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: String((server.address() as AddressInfo).port),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** A proxy that notes where it is asked to connect to, and leaves it at that. */
async function aProxy() {
  const asked: string[] = []
  const server = createHttpServer().on('connect', ({ url = '' }, socket: Socket) => {
    asked.push(url)
    socket.end('HTTP/1.1 200 OK\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: Proxy = { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), authorization: undefined }
  return { asked, proxy, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) }
}

type Way = Parameters<typeof publicConnector>[0]

function outcomeOf(way: Partial<Way>, hostname: string, port = '9'): Promise<string> {
  const connect = publicConnector({ isPrivate: false, proxy: undefined, timeoutMs: 60_000, ...way })
  return new Promise((resolve) => {
    connect({ hostname, host: hostname, protocol: 'http:', port }, (error, socket) => {
      resolve(error ? error.name : 'connected')
      socket?.destroy()
    })
  })
}

test('a name that resolves to a public address first, and to a private one at the connection, leads nowhere', async () => {
  await using listener = await aListener()
  const resolve = resolverOf([ipv4('127.0.0.1')], [ipv4('169.254.169.254')])
  expect(await outcomeOf({ resolve, isPrivate: true }, 'assistant.example', listener.port)).toBe('connected')
  expect(await outcomeOf({ resolve, isPrivate: true }, 'assistant.example', listener.port)).toBe('AddressRefused')
  expect(await outcomeOf({ resolve: resolverOf([ipv4('127.0.0.1')]) }, 'assistant.example', listener.port)).toBe('AddressRefused')
})

test('through a proxy a name is looked up here, and the proxy is asked for the address that was checked', async () => {
  await using it = await aProxy()
  const asked = (address: string, isPrivate = false) =>
    outcomeOf({ proxy: it.proxy, isPrivate, resolve: resolverOf([ipv4(address)]) }, 'assistant.example', '443')
  expect(await asked('93.184.216.34')).toBe('connected')
  expect(await asked('10.0.0.1')).toBe('AddressRefused')
  expect(await outcomeOf({ proxy: it.proxy }, '[::1]', '443')).toBe('AddressRefused')
  // The policy names this host: only the proxy may know its address.
  expect(await asked('10.0.0.1', true)).toBe('connected')
  expect(it.asked).toEqual(['93.184.216.34:443', 'assistant.example:443'])
})
