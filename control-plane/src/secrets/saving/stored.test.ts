import { randomBytes } from 'node:crypto'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { erase } from '../erasures/erase.ts'
import { check } from '../operations/check.ts'
import { remove } from '../operations/delete.ts'
import { history } from '../operations/history.ts'
import { list } from '../operations/list.ts'
import { put } from '../operations/put.ts'
import { createConsulStore } from '../stores/consul/consul-store.ts'
import { openConsul } from '../stores/consul/consul-client.ts'
import { aConsul, noConsul } from '../stores/consul/testing.ts'
import { aSecretWorld } from '../testing.ts'
import { masterKeyOf } from '../../keys/master-key.ts'

test.for([
  [{ foo: 'bar' }, 'it has no field token'],
  [{ token: ' with a blank' }, 'token: it begins or ends with a blank'],
  [{ token: '' }, 'token: it is empty'],
] as const)('a check finds that %j, which somebody wrote into the store, is no secret of this server', async ([fields, fault]) => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  const { store } = it.ctx.secrets
  const place = { holder: { kind: 'person' as const, id: it.alice.actor.id }, server: 'vcs' }
  await store.write(place, fields, (await store.read(place))?.storeVersion ?? null)
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'invalid', says: expect.stringContaining(fault) })
  expect((await list(it.alice, { first: 10 })).items).toMatchObject([{ state: 'invalid' }])
})

test('a value that cannot be read is invalid at a check, and a good one is written over it', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  await it.db
    .updateTable('secret_values')
    .set({ sealed: Buffer.from('no sealed value') })
    .execute()
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'invalid', says: expect.stringContaining('cannot be read') })
  expect((await history(it.alice, { first: 1 })).items).toMatchObject([{ act: 'checked', state: 'invalid' }])
  expect(await put(it.alice, { server: 'vcs', fields: { token: it.good() } })).toMatchObject({ saved: true, state: 'ok' })
  expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'ok' })
})

test.skipIf(noConsul !== undefined)(
  'a document of Consul that cannot be read is said, and goes by a delete and by an erasure',
  async () => {
    await using consul = await aConsul()
    await using it = await aSecretWorld()
    const prefix = `bir-test-${uuidv7()}/`
    const kv = openConsul({ address: consul.address, token: consul.token, ca: undefined })
    const store = createConsulStore({ kv, prefix, db: it.db, master: masterKeyOf(randomBytes(32)) })
    for (const ctx of [it.ctx, it.alice]) ctx.secrets = { ...ctx.secrets, store }
    const key = `${prefix}people/${it.alice.actor.id}`
    const spoil = () => consul.ask('PUT', `kv/${key}`, 'servers: [')
    const give = (ctx = it.alice) => put(ctx, { server: 'vcs', user: 'alice', fields: { token: it.good() } })
    const refused = { code: 'conflict', message: expect.stringContaining('bir secret delete vcs') }

    await give()
    await spoil()
    expect(await check(it.alice, { server: 'vcs' })).toMatchObject({ verdict: 'invalid', state: 'invalid' })
    await expect(give()).rejects.toMatchObject(refused)
    await expect(give(it.ctx)).rejects.toMatchObject({ ...refused, message: expect.stringContaining(key) })
    await remove(it.alice, { server: 'vcs' })
    expect(await kv.get(key)).toBeUndefined()
    await spoil()
    await remove(it.alice, { server: 'vcs' })
    expect(await give()).toMatchObject({ saved: true })

    await spoil()
    await erase(it.ctx, { user: 'alice' })
    expect(await kv.get(key)).toBeUndefined()
    await spoil()
    await erase(it.ctx, { user: 'alice' })
    expect(await kv.get(key)).toBeUndefined()
    expect(await give()).toMatchObject({ saved: true })
    await store.close()
  },
)
