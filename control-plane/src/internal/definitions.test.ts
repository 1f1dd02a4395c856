import { createHash } from 'node:crypto'
import { ServersChunk } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import { aTool } from '../definitions/testing.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

const url = 'http://127.0.0.1:3001/mcp'
const report = (tools: object[], more: object = {}) => JSON.stringify({ server: 'everything', url, tools, ...more })

test('reported tools are in the next snapshot, and each definition can be fetched by its hash in it', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await control.client().servers.put({ id: 'everything', kind: 'remote', url, trust: 'hold', headers: { 'X-Key': { secret: 'k' } } })
  const { revision } = await plane.manifest()
  const waiting = plane.poll(revision, 20)
  expect((await plane.post('/definitions', report([aTool('echo')]))).status).toBe(204)
  await waiting

  const { chunks } = await plane.manifest()
  const { servers } = ServersChunk.parse(JSON.parse((await plane.chunk(chunks.servers)).bytes.toString()))
  const { everything } = servers
  expect(everything).toMatchObject({
    kind: 'remote',
    remote: { url, headers: { 'X-Key': { secret: 'k' } } },
    tools: { echo: { level: 'read' } },
  })
  const hash = everything?.tools.echo?.definition ?? ''
  const bytes = Buffer.from(await (await plane.get(`/definitions/${hash}`)).arrayBuffer())
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(hash)
  expect(JSON.parse(bytes.toString())).toEqual(aTool('echo').definition)
})

test('a held definition is in no snapshot and cannot be fetched until it is approved', async () => {
  await using control = await aRunningControlPlane()
  const [one, other] = [await aPlane(control), await aPlane(control, 'plane-2')]
  await control.client().servers.put({ id: 'everything', kind: 'remote', url, trust: 'hold' })
  await one.post('/definitions', report([aTool('echo')]))
  const { root } = await one.manifest()
  await Promise.all([one, other, one, other].map((plane) => plane.post('/definitions', report([aTool('echo', { title: 'E' })]))))
  expect((await one.manifest()).root).toBe(root)

  const { items } = await control.client().servers.definitions({ id: 'everything' })
  expect(items).toMatchObject([{ name: 'echo', state: 'held', difference: ['title is new: "E"'] }])
  const hash = items[0]?.hash ?? ''
  expect((await one.get(`/definitions/${hash}`)).status).toBe(404)
  const { revision } = await control.client().servers.approve({ id: 'everything', seen: { echo: hash } })
  expect((await one.manifest()).revision).toBe(revision)
  expect((await one.get(`/definitions/${hash}`)).status).toBe(200)
})

test.for([
  ['no JSON', '{', 400],
  ['a field of a later version', report([], { colour: 'red' }), 204],
  ['a name that is no name', report([aTool('a b')]), 400],
  ['a body beyond the limit', report([aTool('a', { description: 'x'.repeat(8 * 1024 * 1024) })]), 413],
  ['a server nobody registered', report([aTool('a')], { server: 'nothing' }), 204],
] as const)('a report with %s is answered %s', async ([, body, status]) => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  expect((await plane.post('/definitions', body)).status).toBe(status)
})

test('only a plane may report or fetch definitions', async () => {
  await using control = await aRunningControlPlane()
  expect((await control.get('/internal/v1/definitions', { method: 'POST', body: report([]) })).status).toBe(401)
  expect((await control.get(`/internal/v1/definitions/${'0'.repeat(64)}`)).status).toBe(401)
})
