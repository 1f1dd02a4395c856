import { expect, test } from 'vitest'
import { put as putServer } from '../servers/servers.ts'
import { aControlPlane, bucketOf } from '../testing.ts'
import { create, list, remove } from './restrictions.ts'

async function withBank() {
  const it = await aControlPlane()
  await putServer(it.ctx, { id: 'sql', kind: 'mounted', settings: { connections: { bank: {} } } })
  await putServer(it.ctx, { id: 'charts', kind: 'mounted' })
  return it
}

const everything = {
  server: 'sql',
  connection: 'bank',
  allow: ['public.*'],
  deny: ['"s-old"."dotted.name"', 'public."pay ""2024"""', 'public.salaries'],
  hide: { 'public."pay-2024"': ['a "b".c'], 'public.customers': ['iban'] },
  mask: { '*.*': ['email', 'phone'] },
  maxRows: 500,
  timeoutMs: 2_000,
}

test("a restriction is listed as it was created, and a holder's first one makes buckets dirty", async () => {
  await using it = await withBank()
  const alice = await it.aPerson('alice')
  const made = await create(it.ctx, { user: 'alice', ...everything })
  expect(made).toEqual({ id: made.id, user: 'alice', ...everything })
  expect(it.published.marks).toEqual([bucketOf(alice), 'policy'].sort())
  expect((await list(it.ctx, { first: 5, server: 'sql' })).items).toEqual([made])

  await remove(it.ctx, { id: made.id })
  expect(it.published.marks).toEqual([bucketOf(alice), 'policy'].sort())
  expect((await list(it.ctx, { first: 5 })).items).toEqual([])
  await expect(remove(it.ctx, { id: made.id })).rejects.toMatchObject({ code: 'not_found' })
})

test('a restriction that could protect nothing is refused, and the error names the connection', async () => {
  await using it = await withBank()
  const on = (server: string, connection: string) => create(it.ctx, { everyone: true, server, connection })
  await expect(on('sql', 'shop')).rejects.toMatchObject({ code: 'invalid_input', message: 'the server sql has no connection shop' })
  await expect(on('charts', 'bank')).rejects.toMatchObject({ message: 'the server charts has no connections to restrict' })
  await expect(on('gitlab', 'bank')).rejects.toMatchObject({ code: 'not_found' })
})

test('the same restriction twice is a conflict', async () => {
  await using it = await withBank()
  await create(it.ctx, { everyone: true, ...everything })
  await expect(create(it.ctx, { everyone: true, ...everything })).rejects.toMatchObject({ code: 'conflict' })
})
