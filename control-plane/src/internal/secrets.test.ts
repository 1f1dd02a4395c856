import { SealedSecret, SecretReadAnswer } from '@bir/sdk/contract/secret-messages'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { openSealed } from '@bir/sdk/seal-box'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { aToken } from '../secrets/testing.ts'
import { waitingForLocks } from '../testing.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

/** A person `ann` with a secret for the server `gitlab`, and a plane that may ask for it. */
async function aSavedSecret(control: Awaited<ReturnType<typeof aRunningControlPlane>>) {
  const client = control.client()
  const ann = { id: uuidv7(), handle: 'ann', provider: 'demo', subject: 'ann', name: null, email: null }
  await control.db.insertInto('users').values(ann).execute()
  const at = (url: string) => client.servers.put({ id: 'gitlab', kind: 'mounted', settings: { url }, secret: { unchecked: true } })
  await at('http://127.0.0.1:9')
  await client.grants.create({ user: 'ann', server: 'gitlab', level: 'read' })
  const token = aToken()
  const saved = await client.secrets.put({ server: 'gitlab', user: 'ann', fields: { token }, unchecked: true })
  expect(saved).toMatchObject({ saved: true })
  const asked = { server: 'gitlab', holder: { kind: 'person', id: ann.id }, version: 1 }
  return { ann, token, at, asked }
}

test('a plane gets the secret that the policy opens, in its version, sealed to itself, and no other', async () => {
  await using control = await aRunningControlPlane()
  const [plane, other] = [await aPlane(control, 'one'), await aPlane(control, 'two')]
  const { ann, token, asked } = await aSavedSecret(control)
  const read = (more: object = {}) => plane.post('/secrets/read', JSON.stringify({ ...asked, ...more }))
  const text = await (await read()).text()
  expect(text).not.toContain(token)
  const { box } = SecretReadAnswer.parse(JSON.parse(text))
  expect(SealedSecret.parse(JSON.parse(openSealed(plane.sealingKey, box).toString()))).toEqual({ ...asked, fields: { token } })
  expect(() => openSealed(other.sealingKey, box)).toThrow()

  expect((await read({ version: 2 })).status).toBe(404)
  expect((await read({ holder: { kind: 'person', id: uuidv7() } })).status).toBe(404)
  expect((await read({ holder: { kind: 'group', id: ann.id } })).status).toBe(404)
  await control.db.updateTable('servers').set({ killed: true }).where('id', '=', 'gitlab').execute()
  expect((await read()).status).toBe(404)
  await control.db.updateTable('servers').set({ killed: false }).where('id', '=', 'gitlab').execute()
  expect((await read()).status).toBe(200)
  await control.db.updateTable('users').set({ disabled: true }).where('id', '=', ann.id).execute()
  const refused = await read()
  expect(refused.status).toBe(404)
  expect(await refused.json()).toMatchObject({ error: 'no_secret' })
  expect((await plane.post('/secrets/read', '{"server":"gitlab"}')).status).toBe(400)
  expect(JSON.stringify(control.events)).not.toContain(token)
})

test('a plane that asks while the server moves away does not get the secret that is for the new address', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control, 'one')
  const { at, asked } = await aSavedSecret(control)
  const { reading } = await control.db.transaction().execute(async (trx) => {
    await sql`lock table secret_values in access exclusive mode`.execute(trx)
    const reading = plane.post('/secrets/read', JSON.stringify(asked))
    await expect.poll(() => waitingForLocks(control.db)).toBe(1)
    await at('http://127.0.0.1:10')
    return { reading }
  })
  expect((await reading).status).toBe(404)
})

test('no plane gets a value that is to be destroyed', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control, 'one')
  const { ann, asked } = await aSavedSecret(control)
  const read = async () => (await plane.post('/secrets/read', JSON.stringify(asked))).status
  expect(await read()).toBe(200)
  await control.db.insertInto('secret_erasures').values({ holder_kind: 'person', holder_id: ann.id, server: 'gitlab' }).execute()
  expect(await read()).toBe(404)
})

test('when a plane misses a value, the control plane looks itself: what is lost is invalid from then on, and nothing else is', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control, 'one')
  const { ann, asked } = await aSavedSecret(control)
  const missing = async (more: object = {}) => (await plane.post('/secrets/missing', JSON.stringify({ ...asked, ...more }))).json()
  const state = async () => (await control.client().secrets.list({ user: 'ann', server: 'gitlab' })).items[0]?.state
  expect(await missing()).toEqual({ gone: false })
  expect(await state()).toBe('unchecked')

  await control.db.deleteFrom('secret_values').where('path', '=', `people/${ann.id}/gitlab`).execute()
  expect(await missing({ version: 2 })).toEqual({ gone: false })
  expect(await state()).toBe('unchecked')
  const before = await control.db.selectFrom('secret_history').selectAll().execute()
  expect(await missing()).toEqual({ gone: true })
  expect(await state()).toBe('invalid')
  expect(await missing()).toEqual({ gone: true })
  const after = await control.db.selectFrom('secret_history').selectAll().execute()
  expect(after.slice(before.length)).toMatchObject([{ act: 'checked', state: 'invalid', by: 'plane:one' }])
  expect(await control.client().secrets.check({ user: 'ann', server: 'gitlab' })).toMatchObject({
    verdict: 'invalid',
    says: 'The store has no value for this secret any more: put it again.',
  })
  expect(await missing({ holder: { kind: 'person', id: uuidv7() } })).toEqual({ gone: false })
})

test('a plane that asks for a value that cannot be read is told so, and the secret is invalid from then on', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control, 'one')
  const client = control.client()
  const ann = { id: uuidv7(), handle: 'ann', provider: 'demo', subject: 'ann', name: null, email: null }
  await control.db.insertInto('users').values(ann).execute()
  await client.servers.put({ id: 'gitlab', kind: 'mounted', settings: { url: 'http://127.0.0.1:9' }, secret: { unchecked: true } })
  await client.secrets.put({ server: 'gitlab', user: 'ann', fields: { token: aToken() }, unchecked: true })
  await control.db
    .updateTable('secret_values')
    .set({ sealed: Buffer.from('no sealed value') })
    .execute()
  const asked = { server: 'gitlab', holder: { kind: 'person', id: ann.id }, version: 1 }
  const answer = await plane.post('/secrets/read', JSON.stringify(asked))
  expect(answer.status).toBe(409)
  expect(await answer.json()).toMatchObject({ error: 'secret_unreadable' })
  const { items } = await client.secrets.list({ user: 'ann', first: 9 })
  expect(items).toMatchObject([{ server: 'gitlab', state: 'invalid' }])
})
