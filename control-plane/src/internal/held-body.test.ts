import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { aHeldRequest } from '../base/testing.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

test('a plane that is expelled while the body of its request is on its way does nothing with it', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const body = JSON.stringify({ reason: 'binding-network' })
  const headers = { authorization: `Bearer ${await plane.proof(body)}` }
  const held = await aHeldRequest(`${control.url}/internal/v1/sessions/${uuidv7()}/end`, { headers, body })
  expect((await plane.get('/planes')).status).toBe(200)
  await control.client().planes.expel({ id: plane.id })
  const { status, text } = await held.finish()
  expect([status, JSON.parse(text)]).toMatchObject([403, { error: 'expelled' }])
})
