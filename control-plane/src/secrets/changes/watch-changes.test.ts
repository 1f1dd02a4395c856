import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConsul } from '../stores/consul/consul-client.ts'
import { aConsul, noConsul } from '../stores/consul/testing.ts'
import type { TestConsul } from '../stores/consul/testing.ts'
import { watchChanges } from './watch-changes.ts'

let consul: TestConsul
beforeAll(async () => {
  if (noConsul === undefined) consul = await aConsul()
})
afterAll(async () => consul?.[Symbol.asyncDispose]())

const live = test.skipIf(noConsul !== undefined)
const titled = (title: string) => (noConsul === undefined ? title : `${title} (${noConsul})`)

/** The way to Consul, which can be cut. */
async function aWay() {
  const { hostname, port } = new URL(consul.address)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy()
    const other = connect(Number(port), hostname)
    for (const one of [socket, other]) sockets.add(one.on('error', () => undefined))
    socket.pipe(other).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy()
    },
    mend() {
      isCut = false
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function aWatch(address: string) {
  const prefix = `bir-test-${uuidv7()}/`
  const kv = openConsul({ address, token: consul.token, ca: undefined })
  const events: string[] = []
  let looks = 0
  const watch = watchChanges({
    kv,
    prefix,
    look: async () => void looks++,
    log: (_level, event) => void events.push(event),
    times: { waitMs: 600_000, maxPauseMs: 1_000 },
  })
  const dispose = async () => {
    await watch.stop()
    kv.close()
  }
  return { prefix, events, looks: () => looks, [Symbol.asyncDispose]: dispose }
}

live(
  titled('whatever changes below the prefix is looked at, also one’s first key and its deletion; what lies elsewhere is not'),
  async () => {
    await using watch = aWatch(consul.address)
    await expect.poll(watch.looks).toBe(1)
    await consul.ask('PUT', `kv/elsewhere-${watch.prefix}a`, 'text')
    await consul.ask('PUT', `kv/${watch.prefix}people/a`, 'text')
    await expect.poll(watch.looks).toBe(2)
    await consul.ask('PUT', `kv/${watch.prefix}people/a`, 'other')
    await expect.poll(watch.looks).toBe(3)
    await consul.ask('DELETE', `kv/${watch.prefix}people/a`)
    await expect.poll(watch.looks).toBe(4)
    await consul.ask('DELETE', `kv/elsewhere-${watch.prefix}a`)
  },
)

live(titled('while Consul is away it says so once, and what changed meanwhile is looked at when Consul is back'), async () => {
  await using way = await aWay()
  await using watch = aWatch(way.address)
  await expect.poll(watch.looks).toBe(1)
  way.cut()
  await expect.poll(() => watch.events).toEqual(['consul-not-watched'])
  await consul.ask('PUT', `kv/${watch.prefix}people/a`, 'text')
  way.mend()
  await expect.poll(watch.looks).toBe(2)
  await expect.poll(() => watch.events).toEqual(['consul-not-watched', 'consul-watched-again'])
  await consul.ask('DELETE', `kv/${watch.prefix}people/a`)
  await expect.poll(watch.looks).toBe(3)
})

test('it ends at once, also while Consul was never there', async () => {
  const kv = openConsul({ address: 'http://127.0.0.1:1', token: undefined, ca: undefined })
  const events: string[] = []
  const watch = watchChanges({ kv, prefix: 'bir/', look: async () => undefined, log: (_level, event) => void events.push(event) })
  await expect.poll(() => events).toEqual(['consul-not-watched'])
  await watch.stop()
  kv.close()
})
