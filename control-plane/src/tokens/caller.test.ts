import { expect, test } from 'vitest'
import { ISSUER } from '../internal/testing.ts'
import { aGateway, asked, bearer, exchange } from './testing.ts'

test('the API accepts administrators with a valid token for it', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const admin = { claims: { sub: 'a', preferred_username: 'admin', roles: ['administrator'] } }
  const api = { resource: `${ISSUER}/api` }
  const given = await asked(control, exchange(await idp.sign(admin), api))
  const code = async (token: string) => {
    try {
      await control.client(token).users.list()
      return 'ok'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(await code(given.body.access_token)).toBe('ok')
  expect(await code((await asked(control, exchange(await idp.sign(), api))).body.access_token)).toBe('forbidden')
  expect(await code((await asked(control, exchange(await idp.sign(admin)))).body.access_token)).toBe('unauthenticated')
  expect(await code('rubbish')).toBe('unauthenticated')
  expect(await code(await control.assertion({ person: 'admin' }))).toBe('unauthenticated')
  expect(await code(await idp.sign(admin))).toBe('unauthenticated')

  await control.client().tokens.revoke({ jti: String(given.claims.jti) })
  expect(await code(given.body.access_token)).toBe('unauthenticated')
  const fresh = await asked(control, exchange(await idp.sign(admin), api))
  await control.client().tokens.revoke({ sid: String(fresh.claims['sid']) })
  expect(await code(fresh.body.access_token)).toBe('unauthenticated')
  const last = await asked(control, exchange(await idp.sign(admin), api))
  await control.client().users.setDisabled({ handle: 'admin', disabled: true })
  expect(await code(last.body.access_token)).toBe('forbidden')
})

test('an API token that the operator got for a person allows what the person may do', async () => {
  await using made = await aGateway()
  const { control } = made
  await control.client().users.put({ handle: 'alice', provider: 'demo', subject: 'subject-alice' })
  const { body } = await asked(control, bearer(await control.assertion({ person: 'alice' }), { resource: `${ISSUER}/api` }))
  const headers = { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' }
  const ask = async (query: string) => (await control.get('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })).json()
  expect(await ask('{ selections(user: "alice") { servers } }')).toEqual({ data: { selections: { servers: {} } } })
  expect(await ask('{ settings { rateBurst } }')).toMatchObject({ errors: [{ extensions: { code: 'forbidden' } }] })
})
