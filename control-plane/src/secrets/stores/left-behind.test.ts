import { randomBytes } from 'node:crypto'
import { testDb } from '@bir/db/testing'
import { expect, test } from 'vitest'
import { masterKeyOf } from '../../keys/master-key.ts'
import { openSecretStore } from '../open-store.ts'
import { list } from '../operations/list.ts'
import { put } from '../operations/put.ts'
import { remove } from '../operations/delete.ts'
import { aSecretWorld } from '../testing.ts'
import { withoutLeftBehind } from './left-behind.ts'
import { StoreFault } from './store.ts'
import { aPlace } from './testing.ts'
import { aVault } from './vault/testing.ts'

test('after a change from the embedded store, what is deleted or given anew is in the database no more', async () => {
  await using made = await testDb()
  await using vault = await aVault()
  const parts = { db: made.db, master: masterKeyOf(randomBytes(32)), log: () => undefined }
  const settings = {
    vaultAddr: vault.address,
    vaultMount: await vault.mount('2'),
    vaultAuth: 'token',
    vaultToken: vault.rootToken,
  } as const
  const before = openSecretStore({ ...settings, secretStore: 'embedded', consulPrefix: 'bir/' }, parts)
  const [kept, renewed, deleted] = [aPlace(), aPlace(), aPlace()]
  for (const place of [kept, renewed, deleted]) await before.write(place, { token: 'fake-1' }, null)

  const now = openSecretStore({ ...settings, secretStore: 'vault', consulPrefix: 'bir/' }, parts)
  await now.write(renewed, { token: 'fake-2' }, null)
  await now.delete(deleted)
  expect(await now.read(renewed)).toMatchObject({ fields: { token: 'fake-2' } })
  expect(await before.read(renewed)).toBeUndefined()
  expect(await before.read(deleted)).toBeUndefined()
  expect(await before.read(kept)).toMatchObject({ fields: { token: 'fake-1' } })
  await now.close()
})

test('a store that does not destroy a secret leaves what the database has of it, and says that it may be there still', async () => {
  await using it = await aSecretWorld()
  const token = it.good()
  await put(it.alice, { server: 'vcs', fields: { token } })
  const embedded = it.ctx.secrets.store
  const place = { holder: { kind: 'person', id: it.alice.actor.id }, server: 'vcs' } as const
  const away = { ...embedded, kind: 'vault' as const, delete: () => Promise.reject(new StoreFault('unreachable', 'away')) }
  const store = withoutLeftBehind(away, embedded)
  await expect(remove({ ...it.alice, secrets: { ...it.alice.secrets, store } }, { server: 'vcs' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('may lie there still, and is listed as before. Delete it once more'),
  })
  expect((await embedded.read(place))?.fields).toEqual({ token })
  expect((await list(it.alice, { first: 9 })).items).toMatchObject([{ state: 'ok' }])
})

test('a database that fails after the store destroyed a secret is not said to have changed nothing', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  const { store } = it.ctx.secrets
  const failing = withoutLeftBehind(store, { delete: () => Promise.reject(new StoreFault('unreachable', 'away', { retryable: true })) })
  const message = await remove({ ...it.alice, secrets: { ...it.alice.secrets, store: failing } }, { server: 'vcs' }).catch(String)
  expect(message).toContain('may lie there still')
  expect(message).not.toContain('nothing was changed')
  expect(await remove(it.alice, { server: 'vcs' })).toMatchObject({ revision: expect.any(Number) })
})
