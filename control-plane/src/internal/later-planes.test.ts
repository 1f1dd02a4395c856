import { faultOf, sha256 } from '@bir/sdk/chain'
import { FIRST_PREV } from '@bir/sdk/contract/audit'
import { Ack, DefinitionsReport, JoinRequest, PlaneAddress } from '@bir/sdk/contract/internal'
import { STRANGER, withStrangers } from '@bir/sdk/contract/testing'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { ndjson } from '../audit/testing.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

const remote = { kind: 'remote' as const, url: 'http://127.0.0.1:1/mcp' }

/** A plane of a later version, whose every message has members that this control plane does not know. */
async function aLaterPlane() {
  const control = await aRunningControlPlane()
  await control.client().servers.put({ id: 'things', ...remote })
  const plane = await aPlane(control)
  const say = <T>(path: string, schema: z.ZodType<T>, message: T) => plane.post(path, JSON.stringify(withStrangers(schema, message)))
  const state = async () => (await control.client().planes.list()).items.find(({ id }) => id === plane.id)
  return { control, plane, say, state, [Symbol.asyncDispose]: () => control[Symbol.asyncDispose]() }
}

test('the control plane leaves out what it does not know of a join, an address, and every kind of ack', async () => {
  await using made = await aLaterPlane()
  const { control, plane, say, state } = made
  expect(JoinRequest.parse({ ...STRANGER, secret: 's', name: 'n', publicKey: aKey, sealingKey: aKey })).not.toHaveProperty(
    'strangersMember',
  )
  expect((await plane.join(STRANGER)).status).toBe(200)

  const internalUrl = 'http://127.0.0.1:9000'
  expect((await say('/planes?opens=sealed&strange=1', PlaneAddress, { internalUrl })).status).toBe(204)
  const row = await control.db.selectFrom('planes').selectAll().where('id', '=', plane.id).executeTakeFirstOrThrow()
  expect(row).toMatchObject({ internal_url: internalUrl, opens_sealed: true })

  expect((await say('/acks', Ack, { rejected: 2, reasons: ['why'] })).status).toBe(204)
  expect(await state()).toMatchObject({ rejected: { revision: 2, reasons: ['why'] } })
  expect((await say('/acks', Ack, { revision: 1 })).status).toBe(204)
  expect(await state()).toMatchObject({ revision: 1, rejected: null })
  expect((await say('/acks', Ack, { audit: { written: 7, waitingMs: 0, apart: 0 } })).status).toBe(204)
  expect(await state()).toMatchObject({ audit: { written: 7 } })
  const health = { server: 'things', url: remote.url, state: 'up' as const, breaker: 'closed' as const }
  expect((await say('/acks', Ack, { health: [health] })).status).toBe(204)
  expect((await control.client().servers.health()).items).toMatchObject([{ server: 'things' }])
})

test('an ack of a kind that the control plane does not know is left out as a whole, and a wrong one of a known kind is refused', async () => {
  await using made = await aLaterPlane()
  const { plane, state } = made
  await plane.post('/acks', JSON.stringify({ revision: 1 }))
  const before = await state()
  expect((await plane.post('/acks', JSON.stringify(STRANGER))).status).toBe(204)
  expect(await state()).toMatchObject({ revision: before?.revision, rejected: null })
  expect((await plane.post('/acks', JSON.stringify({ ...STRANGER, revision: 'x' }))).status).toBe(400)
  expect((await plane.post('/acks', '{}')).status).toBe(400)
})

test('a report of definitions keeps each definition whole, and leaves out what else it has that is not known', async () => {
  await using made = await aLaterPlane()
  const definition = { name: 'get', inputSchema: { type: 'object' }, ...STRANGER }
  const report = { server: 'things', url: remote.url, tools: [{ name: 'get', definition }] }
  expect((await made.say('/definitions', DefinitionsReport, report)).status).toBe(204)
  const row = await made.control.db.selectFrom('definitions').select('definition').where('server', '=', 'things').executeTakeFirstOrThrow()
  expect(JSON.parse(row.definition)).toEqual(definition)
})

test('the control plane keeps every byte of a later header, in one chain with those of version 1, and verifies it', async () => {
  await using made = await aLaterPlane()
  const { control, plane } = made
  const [first, second, third] = [
    plane.chain.add({ v: 1 }),
    plane.chain.add({ v: 2, ...STRANGER, args: 'x' }),
    plane.chain.add({ kind: 'head' }),
  ]
  const answer = await plane.post('/audit', ndjson([first, { ...second, ...STRANGER }, third]))
  expect([answer.status, answer.headers.get('bir-audit-version')]).toEqual([200, '2'])

  const rows = await control.db
    .selectFrom('audit_headers')
    .select(['header', 'hash'])
    .where('plane', '=', plane.id)
    .orderBy('seq')
    .execute()
  expect(rows.map(({ header }) => header)).toEqual([first, second, third].map(({ header }) => JSON.stringify(header)))
  expect(rows[1]?.header).toContain(JSON.stringify(STRANGER).slice(1, -1))
  expect(rows.every(({ header, hash }) => sha256(header) === hash)).toBe(true)

  const page = await control.client().audit.chain({ plane: plane.id, afterSeq: 0, first: 100 })
  expect(page).toMatchObject({ misfiled: [], apart: [] })
  let head = { seq: 0, hash: FIRST_PREV }
  for (const record of page.records) {
    expect(faultOf(head, record, plane.chain.key)).toBeUndefined()
    head = { seq: record.header.seq, hash: record.hash }
  }
  expect(head.seq).toBe(3)
  expect((await control.client().audit.search({ kind: 'head' })).items[0]).toMatchObject({ kind: 'head' })
})

test('version 1 of the header has no other members', async () => {
  await using made = await aLaterPlane()
  const stranger = made.plane.chain.add({ v: 2, ...STRANGER })
  const answer = await made.plane.post('/audit', ndjson([{ ...stranger, header: { ...stranger.header, v: 1 } }]))
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ error_description: expect.stringContaining('strangersMember') })
})

const aKey = { kty: 'OKP', kid: 'k', alg: 'EdDSA' }
