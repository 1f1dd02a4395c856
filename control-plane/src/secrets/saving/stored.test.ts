import { expect, test } from 'vitest'
import { check } from '../operations/check.ts'
import { list } from '../operations/list.ts'
import { put } from '../operations/put.ts'
import { aSecretWorld } from '../testing.ts'

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
