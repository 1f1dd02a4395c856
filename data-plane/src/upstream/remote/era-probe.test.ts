import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { EraKeeper } from './era-probe.ts'
import { verdictOf } from './era-verdict.ts'
import { aRemote } from '../modern/testing.ts'
import { openConnection } from '../http/connection.ts'
import { serverOf } from '../testing.ts'

const discover = (...supportedVersions: string[]) => ({ result: { supportedVersions } })
const error = (code: number, data?: object) => ({ error: { code, message: '', data } })

test.for([
  [200, discover('2026-07-28', '2025-11-25'), 'modern'],
  [200, discover('2025-11-25'), 'legacy'],
  [400, error(-32_020), 'modern'],
  [400, error(-32_021), 'modern'],
  [400, error(-32_022, { supported: ['2026-07-28'] }), 'modern'],
  [400, error(-32_022, { supported: ['2025-11-25'] }), 'legacy'],
  [400, error(-32_000), 'legacy'],
  [400, undefined, 'legacy'],
  [404, undefined, 'legacy'],
  [404, error(-32_601), 'legacy'],
  [405, undefined, 'legacy'],
  [200, error(-32_601), 'legacy'],
  [200, { result: {} }, 'legacy'],
] as const)('status %i with %o is a server of the era %s', ([status, message, era]) => {
  expect(verdictOf(status, message)).toBe(era)
})

test.for([
  [401, error(-32_022), 'secret_invalid'],
  [403, undefined, 'secret_invalid'],
  [429, undefined, 'rate_limited'],
  [500, error(-32_601), 'upstream_down'],
  [503, undefined, 'upstream_down'],
  [302, undefined, 'upstream_down'],
  [202, undefined, 'upstream_down'],
  [200, discover('2199-01-01'), 'upstream_down'],
  [418, error(-32_601), 'upstream_down'],
] as const)('status %i with %o gives no era but the fault %s', ([status, message, code]) => {
  expect(() => verdictOf(status, message)).toThrow(expect.objectContaining({ name: 'UpstreamFault', code }))
})

const says = (response: ServerResponse, message: object, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: 0, ...message }))
const asModern = (response: ServerResponse) => says(response, discover('2026-07-28'))
const asLegacy = (response: ServerResponse) => says(response, error(-32_601), 400)

async function aKeeper(first: (response: ServerResponse) => unknown, times = {}, settings = {}) {
  const state = { answer: first, asked: 0 }
  const server = await serverOf((_, response) => {
    state.asked++
    state.answer(response)
  })
  const options = openConnection(aRemote(server.url, settings))
  return {
    state,
    keeper: new EraKeeper(options, times),
    async [Symbol.asyncDispose]() {
      await options.pool.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('calls at the same time share one probe, and its verdict is kept', async () => {
  await using at = await aKeeper(asModern)
  expect(await Promise.all([at.keeper.get(), at.keeper.get(), at.keeper.get()])).toEqual(['modern', 'modern', 'modern'])
  expect(at.keeper.get()).toBe('modern')
  expect(at.state.asked).toBe(1)
})

test('an answer as a stream gives a verdict too', async () => {
  await using at = await aKeeper((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('id: 1\ndata:\n\n')
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 0, ...discover('2026-07-28') })}\n\n`)
  })
  expect(await at.keeper.get()).toBe('modern')
})

test('an era that the administrator set is not probed', async () => {
  await using legacy = await aKeeper(asModern, {}, { era: 'legacy' })
  await using modern = await aKeeper(asLegacy, {}, { era: '2026-07-28' })
  expect([legacy.keeper.get(), modern.keeper.get(), modern.keeper.probeAgain()]).toEqual(['legacy', 'modern', 'modern'])
  expect(legacy.state.asked + modern.state.asked).toBe(0)
})

test('an expired verdict is used while a probe runs in the background: an upgrade of the server is noticed', async () => {
  await using at = await aKeeper(asLegacy, { validMs: 0 })
  expect(await at.keeper.get()).toBe('legacy')
  at.state.answer = asModern
  expect(at.keeper.get()).toBe('legacy')
  await expect.poll(() => at.keeper.get()).toBe('modern')
})

test('a fault gives no verdict, and does not change an earlier one', async () => {
  await using at = await aKeeper((response) => response.writeHead(503).end(), { minIntervalMs: 0 })
  await expect(at.keeper.get()).rejects.toMatchObject({ code: 'upstream_down' })
  at.state.answer = asLegacy
  expect(await at.keeper.get()).toBe('legacy')
  at.state.answer = (response) => response.writeHead(401).end()
  await expect(at.keeper.probeAgain()).rejects.toMatchObject({ code: 'secret_invalid' })
  expect(at.keeper.get()).toBe('legacy')
})

test('a doubt leads to a probe at once, but not again within the interval', async () => {
  await using at = await aKeeper(asLegacy, { minIntervalMs: 60_000 })
  await at.keeper.get()
  expect(at.keeper.probeAgain()).toBe('legacy')
  expect(at.state.asked).toBe(1)
})
