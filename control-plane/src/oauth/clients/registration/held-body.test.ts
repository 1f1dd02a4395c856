import { once } from 'node:events'
import { request } from 'node:http'
import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { expect, test } from 'vitest'
import { aRunningControlPlane } from '../../../internal/testing.ts'
import type { TestControlPlane } from '../../../internal/testing.ts'

const metadata = { client_name: 'Desk', redirect_uris: ['https://desk.example/cb'], token_endpoint_auth_method: 'none' }
const json = { 'content-type': 'application/json' }

/** A registration that is about to send its codes elsewhere: its new metadata has begun to arrive. */
async function aHeldChange(control: TestControlPlane) {
  const made = await control.get('/oauth/register', { method: 'POST', headers: json, body: JSON.stringify(metadata) })
  const { client_id: id, registration_access_token } = (await made.json()) as Record<string, string>
  const authorization = `Bearer ${registration_access_token}`
  const body = JSON.stringify({ ...metadata, client_id: id, redirect_uris: ['https://evil.example/cb'] })
  const headers = { ...json, authorization, 'content-length': Buffer.byteLength(body), expect: '100-continue' }
  const sent = request(`${control.url}/oauth/register/${id}`, { method: 'PUT', headers })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.write(body.slice(0, 5))
  const status = new Promise<number | undefined>((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => resolve(response.resume().statusCode))
  })
  return {
    id: id ?? '',
    remove: () => control.get(`/oauth/register/${id}`, { method: 'DELETE', headers: { authorization } }),
    finish() {
      sent.end(body.slice(5))
      return status
    },
  }
}

const codesGoTo = async (control: TestControlPlane) =>
  (await control.client().clients.list({ first: 10 })).items.flatMap(({ redirectUris }) => redirectUris)

test('a client that an administrator approves while its change arrives stays as they saw it', async () => {
  await using control = await aRunningControlPlane()
  const change = await aHeldChange(control)
  await control.client().clients.approve({ client: change.id, approved: true })
  expect(await change.finish()).toBe(403)
  expect(await codesGoTo(control)).toEqual(metadata.redirect_uris)
})

test.for<[string, number, (id: string) => PolicyFile['clients']]>([
  ['lists it by its id', 403, (id) => ({ allow: 'listed', listed: [id] })],
  ['admits other hosts alone', 400, () => ({ allow: 'listed', domains: ['desk.example'] })],
])('a policy that %s while its change arrives counts: %i', async ([, status, section]) => {
  await using control = await aRunningControlPlane()
  const change = await aHeldChange(control)
  await control.client().policy.apply({ file: { clients: section(change.id) } })
  expect(await change.finish()).toBe(status)
  expect(await codesGoTo(control)).toEqual(metadata.redirect_uris)
})

test('a client that is deleted while its change arrives is gone', async () => {
  await using control = await aRunningControlPlane()
  const change = await aHeldChange(control)
  expect((await change.remove()).status).toBe(204)
  expect(await change.finish()).toBe(401)
  expect(await codesGoTo(control)).toEqual([])
})
