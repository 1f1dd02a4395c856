import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { expect, test } from 'vitest'
import { freePort, holdFreePort } from './free-port.ts'

const portOf = (server: Server) => (server.address() as AddressInfo).port
const closed = (server: Server) => new Promise((resolve) => server.close(resolve))

test('a free port lies outside the range that the system assigns by itself, and can be listened on', async () => {
  const port = await freePort()
  expect(port).toBeGreaterThanOrEqual(20_000)
  expect(port).toBeLessThan(30_000)
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  await closed(server)
})

test('no two servers hold the same port', async () => {
  const servers = await Promise.all(Array.from({ length: 200 }, () => holdFreePort('127.0.0.1')))
  expect(new Set(servers.map(portOf)).size).toBe(200)
  await Promise.all(servers.map(closed))
})
