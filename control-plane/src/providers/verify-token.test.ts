import { UnsecuredJWT } from 'jose'
import { noProxies } from '@bir/sdk/proxies'
import { expect, test } from 'vitest'
import { aProvider } from '../tokens/testing.ts'
import type { ConfiguredProvider } from './setup/configured.ts'
import { ProviderFault } from './faults/provider-fault.ts'
import { verifyProviderToken } from './verify-token.ts'
import { createConnections } from './wire/connections.ts'
import { createProviderFetch } from './wire/provider-fetch.ts'

const idToken = 'urn:ietf:params:oauth:token-type:id_token'
const idJag = 'urn:ietf:params:oauth:token-type:id-jag'
const gateway = 'https://gateway.example'

/** The provider of `tokens/testing.ts`, set up as `corp` with the client `gateway` and the audience `bir`. */
async function aSetUp() {
  const idp = await aProvider()
  const corp: ConfiguredProvider = {
    handle: 'corp',
    title: 'corp',
    issuer: idp.issuer,
    clientId: 'gateway',
    clientSecret: undefined,
    clientAuth: undefined,
    scopes: [],
    audience: 'bir',
    idJag: true,
    userinfo: true,
  }
  const other = { ...corp, handle: 'other', issuer: 'https://other.example' }
  const connectionOf = createConnections(createProviderFetch(noProxies))
  const parts = { providers: [other, corp], connectionOf, issuer: gateway, nowMs: Date.now }
  const verify = (token: string, type = idToken) => verifyProviderToken(parts, token, type)
  const faultOf = async (token: string, type?: string): Promise<ProviderFault> => {
    const error = await verify(token, type).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error instanceof ProviderFault) return error
    throw new Error(`no fault: ${String(error)}`)
  }
  return { idp, verify, faultOf, [Symbol.asyncDispose]: () => idp[Symbol.asyncDispose]() }
}

test('a token for the audience is taken, from the client itself or from the gateway', async () => {
  await using made = await aSetUp()
  for (const azp of ['bir', 'gateway', undefined]) {
    const { provider, clientId, claims } = await made.verify(await made.idp.sign({ claims: { azp } }))
    expect([provider, clientId, claims.handle]).toEqual(['corp', azp, 'alice'])
  }
})

test('an ID-JAG is for the gateway, and is nothing else', async () => {
  await using made = await aSetUp()
  const assertion = { aud: gateway, typ: 'oauth-id-jag+jwt', claims: { azp: undefined, client_id: 'an-agent', jti: 'j-1' } }
  const { payload, clientId } = await made.verify(await made.idp.sign(assertion), idJag)
  expect([payload.jti, clientId]).toEqual(['j-1', 'an-agent'])
  expect(await made.faultOf(await made.idp.sign({ ...assertion, aud: 'bir' }), idJag)).toMatchObject({
    reason: 'token-refused',
    whose: 'you',
  })
  expect(await made.faultOf(await made.idp.sign({ ...assertion, typ: 'JWT' }), idJag)).toMatchObject({
    what: expect.stringContaining('another type'),
  })
  expect(await made.faultOf(await made.idp.sign({ ...assertion, aud: 'bir' }))).toMatchObject({
    what: expect.stringContaining('another type'),
  })
})

test.for([
  ['of a logout', { claims: { events: {} } }, 'a message about an event'],
  ['of a logout, by its type', { typ: 'logout+jwt' }, 'another type'],
  ['for another client', { claims: { azp: 'somebody' } }, 'issued to another client'],
  ['for another audience', { aud: 'elsewhere' }, 'The token is refused'],
  ['of no provider here', { iss: 'https://nobody.example' }, 'of no identity provider'],
  ['that is over', { life: -120 }, 'The token is expired'],
] as const)('a token %s is refused', async ([, said, what]) => {
  await using made = await aSetUp()
  expect(await made.faultOf(await made.idp.sign(said))).toMatchObject({
    reason: 'token-refused',
    whose: 'you',
    what: expect.stringContaining(what),
  })
})

test('a token without a signature, and one that is none, are refused', async () => {
  await using made = await aSetUp()
  const unsigned = new UnsecuredJWT({ sub: 's' }).setIssuer(made.idp.issuer).setAudience('bir').setExpirationTime('5m').encode()
  expect(await made.faultOf(unsigned)).toMatchObject({ reason: 'token-refused' })
  expect(await made.faultOf('rubbish')).toMatchObject({ reason: 'token-refused', what: 'The token is no JWT.' })
})

test('a token from the future is a matter of clocks', async () => {
  await using made = await aSetUp()
  const fault = await made.faultOf(await made.idp.sign({ iatMs: Date.now() + 300_000, life: 900 }))
  expect(fault).toMatchObject({ reason: 'clock-off', whose: 'administrator', what: expect.stringContaining('ahead of the control plane') })
})
