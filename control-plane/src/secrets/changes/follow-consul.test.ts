import { randomBytes } from 'node:crypto'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { masterKeyOf } from '../../keys/master-key.ts'
import { put } from '../operations/put.ts'
import { check } from '../operations/check.ts'
import { openConsul } from '../stores/consul/consul-client.ts'
import { createConsulStore } from '../stores/consul/consul-store.ts'
import { aConsul, noConsul } from '../stores/consul/testing.ts'
import type { TestConsul } from '../stores/consul/testing.ts'
import { aSecretWorld } from '../testing.ts'
import { followConsul } from './follow-consul.ts'

let consul: TestConsul
beforeAll(async () => {
  if (noConsul === undefined) consul = await aConsul()
})
afterAll(async () => consul?.[Symbol.asyncDispose]())

/** The secrets lie in Consul, and what is changed there beside the gateway is followed. */
async function aFollowedWorld() {
  const world = await aSecretWorld()
  const settings = { address: consul.address, token: consul.token, prefix: `bir-test-${uuidv7()}/`, ca: undefined }
  const kv = openConsul(settings)
  const store = createConsulStore({ kv, prefix: settings.prefix, db: world.db, master: masterKeyOf(randomBytes(32)) })
  for (const ctx of [world.ctx, world.alice]) ctx.secrets = { ...world.ctx.secrets, store }
  const events: string[] = []
  const log = (_level: string, event: string) => void events.push(event)
  const following = followConsul({ consul: settings, ctx: world.ctx, log, settleMs: 10 })
  const row = () => world.db.selectFrom('secrets').selectAll().executeTakeFirstOrThrow()
  const { id } = await world.db.selectFrom('users').select('id').where('handle', '=', 'alice').executeTakeFirstOrThrow()
  const key = `kv/${settings.prefix}people/${id}`
  const dispose = async () => {
    await following.stop()
    await store.close()
    await world[Symbol.asyncDispose]()
  }
  return { ...world, store, events, row, key, id, [Symbol.asyncDispose]: dispose }
}

test.skipIf(noConsul !== undefined)('a secret that somebody takes out of Consul is invalid, and good again when it is back', async () => {
  await using world = await aFollowedWorld()
  expect(await put(world.alice, { server: 'vcs', fields: { token: world.good() } })).toMatchObject({ saved: true })
  const text = await consul.ask('GET', `${world.key}?raw`)
  await consul.ask('DELETE', world.key)
  await expect.poll(async () => (await world.row()).state).toBe('invalid')
  expect((await world.row()).verdict).toMatchObject({ verdict: 'invalid', says: expect.stringContaining('deleted it there') as string })

  const before = (await world.row()).check_after?.getTime() ?? 0
  await consul.ask('PUT', world.key, text)
  await expect.poll(async () => ((await world.row()).check_after?.getTime() ?? 0) < before).toBe(true)
  expect(await check(world.alice, { server: 'vcs' })).toMatchObject({ verdict: 'ok', state: 'ok' })
})

test.skipIf(noConsul !== undefined)(
  'another value, or a document that cannot be read, is checked again soon; our own writes are not',
  async () => {
    await using world = await aFollowedWorld()
    await put(world.alice, { server: 'vcs', fields: { token: world.good() } })
    const first = await world.row()
    const place = { holder: { kind: 'person' as const, id: world.id }, server: 'vcs' }
    const isSoon = async () => ((await world.row()).check_after?.getTime() ?? 0) < Date.now() + 60_000
    expect(await isSoon()).toBe(false)

    const version = await world.store.write(place, { token: world.good() }, first.store_version)
    await expect.poll(isSoon).toBe(true)
    expect(await world.row()).toMatchObject({ state: 'ok', store_version: version })

    await check(world.alice, { server: 'vcs' })
    expect(await isSoon()).toBe(false)
    await consul.ask('PUT', world.key, 'half of a docu')
    await expect.poll(isSoon).toBe(true)
    expect(world.events).toContain('secret-changed-beside')
  },
)
