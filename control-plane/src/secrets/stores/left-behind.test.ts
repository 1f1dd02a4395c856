import { randomBytes } from 'node:crypto'
import { testDb } from '@bir/db/testing'
import { expect, test } from 'vitest'
import { masterKeyOf } from '../../keys/master-key.ts'
import { openSecretStore } from '../open-store.ts'
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
