import { SealedSecret, SecretReadAnswer } from '@bir/sdk/contract/secret-messages'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { openSealed } from '@bir/sdk/seal-box'
import { expect, test } from 'vitest'
import { aToken } from '../secrets/testing.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

test('a plane gets the secret that the policy opens, in its version, sealed to itself, and no other', async () => {
  await using control = await aRunningControlPlane()
  const [plane, other] = [await aPlane(control, 'one'), await aPlane(control, 'two')]
  const client = control.client()
  const ann = { id: uuidv7(), handle: 'ann', provider: 'demo', subject: 'ann', name: null, email: null }
  await control.db.insertInto('users').values(ann).execute()
  await client.servers.put({
    id: 'gitlab',
    kind: 'mounted',
    settings: { url: 'http://127.0.0.1:9' },
    secret: { unchecked: true },
  })
  await client.grants.create({ user: 'ann', server: 'gitlab', level: 'read' })
  const token = aToken()
  const saved = await client.secrets.put({ server: 'gitlab', user: 'ann', fields: { token }, unchecked: true })
  expect(saved).toMatchObject({ saved: true })

  const asked = { server: 'gitlab', holder: { kind: 'person', id: ann.id }, version: 1 }
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
