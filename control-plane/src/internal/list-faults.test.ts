import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane } from './testing.ts'

const url = 'http://127.0.0.1:3001/mcp'
const report = (faults: readonly string[], more: object = {}) => JSON.stringify({ servers: [{ server: 'notes', url, faults, ...more }] })

test('what a plane says is wrong with the lists of a server stands in its health and beside its definitions', async () => {
  await using control = await aRunningControlPlane()
  const [one, other] = [await aPlane(control), await aPlane(control, 'plane-2')]
  await control.client().servers.put({ id: 'notes', kind: 'remote', url })
  const health = async () => {
    const { items } = await control.client().servers.health({ id: 'notes' })
    return Object.fromEntries(items.map(({ planeName, listFaults }) => [planeName, listFaults]))
  }
  expect((await one.post('/list-faults', report(['The tool "a": no\0.', 'b']))).status).toBe(204)
  expect((await other.post('/list-faults', report(['b', 'c']))).status).toBe(204)
  expect(await health()).toEqual({ 'plane-1': ['The tool "a": no.', 'b'], 'plane-2': ['b', 'c'] })
  expect((await control.client().servers.definitions({ id: 'notes' })).listFaults).toEqual(['The tool "a": no.', 'b', 'c'])

  await one.post('/list-faults', report([]))
  await other.post('/list-faults', report(['of an earlier address'], { url: 'http://127.0.0.1:1/mcp' }))
  expect(await health()).toEqual({ 'plane-1': [], 'plane-2': ['b', 'c'] })

  await control.client().servers.put({ id: 'notes', kind: 'remote', url: 'http://127.0.0.1:3002/mcp' })
  expect(await health()).toEqual({ 'plane-1': [], 'plane-2': [] })
})

test.for([
  ['no JSON', '{', 400],
  ['a fault that is no text', report([7 as never]), 400],
  ['a member that a later version adds', report([], { later: 1 }), 204],
  ['a server that nobody registered', report([], { server: 'nothing' }), 204],
] as const)('a report with %s is answered %s', async ([, body, status]) => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  expect((await plane.post('/list-faults', body)).status).toBe(status)
})
