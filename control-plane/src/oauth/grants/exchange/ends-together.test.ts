import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { aPlane } from '../../../internal/testing.ts'
import { aGateway, accessType, apiUrl } from '../testing.ts'
import { exchange } from '../../../tokens/testing.ts'

type Gateway = Awaited<ReturnType<typeof aGateway>>

/** What the planes refuse by its id. */
async function refusedByPlanes({ control }: Gateway): Promise<string[]> {
  const plane = await aPlane(control)
  const { chunks } = await plane.manifest()
  return (JSON.parse((await plane.chunk(chunks.revocations)).bytes.toString()) as { tokens: string[] }).tokens
}

const jtiOf = (token: string) => String(decodeJwt(token).jti)

test.for<[story: string, end: (it: Gateway, ci: string) => Promise<unknown>]>([
  ['the service account is disabled', (it) => it.client.users.setDisabled({ handle: 'ci', disabled: true })],
  ['the policy leaves the service account out', (it) => it.client.policy.apply({ file: { serviceAccounts: {} } })],
  ['its client is deleted', (it, client) => it.client.clients.delete({ client })],
])('when %s, its tokens of people end, with all that were made of them, and the people stay signed in', async ([, end]) => {
  await using it = await aGateway()
  const [ci, app] = [await it.aClient('service', 'ci'), await it.aClient('administered')]
  const forApi = async () => (await it.ask(exchange(await it.idp.sign(), { resource: apiUrl }))).body.access_token
  const own = await forApi()
  const ofOwn = (await it.ask(exchange(own), ci)).body.access_token
  const ofProvider = (await it.ask(exchange(await it.idp.sign(), { resource: apiUrl }), ci)).body.access_token
  const further = (await it.ask(exchange(ofOwn), app)).body.access_token
  const acting = [ofOwn, ofProvider, further]
  for (const token of acting) expect(await it.control.client(token).users.me()).toMatchObject({ handle: 'alice' })
  const { items } = await it.control.client(own).sessions.list({ first: 10 })
  expect(items.map(({ actor }) => actor)).toEqual(['service:ci', 'service:ci'])

  await end(it, ci.id)
  for (const token of acting) await expect(it.control.client(token).users.me()).rejects.toMatchObject({ code: 'unauthenticated' })
  expect(await it.control.client(own).users.me()).toMatchObject({ handle: 'alice' })
  expect(await refusedByPlanes(it)).toEqual(expect.arrayContaining(acting.map(jtiOf)))
})

test('when a token is revoked, so is all that it was exchanged for', async () => {
  await using it = await aGateway()
  const alice = await it.alice()
  const copy = (await it.askBir(exchange(alice))).body.access_token
  const copyOfCopy = (await it.askBir(exchange(copy))).body.access_token
  await it.client.tokens.revoke({ jti: jtiOf(alice) })
  expect((await refusedByPlanes(it)).toSorted()).toEqual([alice, copy, copyOfCopy].map(jtiOf).toSorted())
})

test('when who acts with a token of their own signs out, what they act with ends', async () => {
  await using it = await aGateway()
  const [alice, bob] = [await it.alice(), await it.bob()]
  const acting = (await it.askBir(exchange(alice, { actor_token: bob, actor_token_type: accessType }))).body.access_token
  await it.client.sessions.end({ sid: String(decodeJwt(bob)['sid']) })
  expect(await refusedByPlanes(it)).toEqual([jtiOf(acting)])
})
