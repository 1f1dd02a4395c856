import { mountedServers } from '@bir/data-plane/catalog'
import { defineServer } from '@bir/data-plane/server-kit/define'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { aSecretWorld } from '../testing.ts'
import { form } from './form.ts'
import { put } from './put.ts'

const ref = z.object({ secret: z.string() })

/** A server whose settings name two shared secrets, of which its check can try one. */
const box = defineServer({
  id: 'box',
  title: 'Box',
  settings: z.object({ tried: ref, kept: ref.optional() }),
  secret: {
    fields: {},
    audience: () => '',
    canProve: ({ tried }, names) => names.includes(tried.secret),
    prove: async ({ tried }, fields) =>
      fields[tried.secret] === 'right' ? { verdict: 'ok', says: 'It is good.' } : { verdict: 'invalid', says: 'It is not known.' },
  },
}).with()

async function aWorldWithBox(settings: Record<string, unknown>) {
  const it = await aSecretWorld()
  it.ctx.catalog = new Map([...it.ctx.catalog, ...mountedServers, ['box', box]])
  await it.applied({ servers: { box: { kind: 'mounted', settings } } })
  return it
}

test('a shared field is saved when its check takes it, and unchecked when nothing can try it', async () => {
  await using it = await aWorldWithBox({ tried: { secret: 'one' }, kept: { secret: 'other' } })
  const give = (fields: Record<string, string>) => put(it.ctx, { server: 'box', shared: true, fields })
  expect(await form(it.ctx, { server: 'box', shared: true })).toMatchObject({ proven: true, fields: [{ name: 'one' }, { name: 'other' }] })
  expect(await give({ one: 'wrong' })).toMatchObject({ saved: false, verdict: 'invalid' })
  expect(await give({ other: 'anything' })).toMatchObject({ saved: true, verdict: 'unchecked', state: 'unchecked' })
  expect(await give({ one: 'right' })).toMatchObject({ saved: true, verdict: 'ok', state: 'ok' })
})

test('the form says that nothing tries a shared secret of which no check knows', async () => {
  await using it = await aWorldWithBox({ tried: { secret: 'one' } })
  it.ctx.catalog = new Map([...it.ctx.catalog, ['box', { ...box, secret: box.secret && { ...box.secret, canProve: () => false } }]])
  expect(await form(it.ctx, { server: 'box', shared: true })).toMatchObject({ proven: false })
})

test('the shared password of a database is tried at its connection, and not refused for want of people’s', async () => {
  await using it = await aSecretWorld()
  it.ctx.catalog = new Map([...it.ctx.catalog, ...mountedServers])
  const bank = { kind: 'postgres', host: '127.0.0.1', port: 1, database: 'bank', user: 'reader', password: { secret: 'bank-password' } }
  await it.applied({ servers: { sql: { kind: 'mounted', settings: { connections: { bank } } } } })
  expect(await form(it.ctx, { server: 'sql', shared: true })).toMatchObject({ proven: true })
  const said = await put(it.ctx, { server: 'sql', shared: true, fields: { 'bank-password': 'open-sesame' } })
  expect(said).toMatchObject({ saved: false, verdict: 'unreachable' })
})
