import { SignJWT } from 'jose'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { ISSUER } from '../internal/testing.ts'
import { aGateway, asked, bearer, exchange } from '../tokens/testing.ts'

const api = { resource: `${ISSUER}/api` }

async function aliceWithToken({ control, idp }: Awaited<ReturnType<typeof aGateway>>, more: Record<string, string> = api) {
  const { body, claims } = await asked(control, exchange(await idp.sign(), more))
  const send = (path: string, init: RequestInit = {}) =>
    control.get(path, { ...init, headers: { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' } })
  const sid = String(claims['sid'])
  const records = async () => (await control.client().audit.search({ session: sid, kind: 'call' })).items
  const whose = { user: 'alice', outcome: 'refused', tokenId: String(claims.jti), sessionId: sid, client: String(claims['client_id']) }
  return { send, records, sid, jti: whose.tokenId, whose }
}

test('a refused call of an administrator’s operation is a record that names who tried it, with what', async () => {
  await using made = await aGateway()
  const { send, records, whose } = await aliceWithToken(made)
  expect((await send('/trpc/users.list')).status).toBe(403)
  const query = 'mutation { putGroup(input: { handle: "mine" }) { handle } }'
  expect(await (await send('/graphql', { method: 'POST', body: JSON.stringify({ query }) })).text()).toContain('forbidden')
  expect(await records()).toMatchObject([
    { ...whose, method: 'groups.put', reason: 'not-administrator' },
    { ...whose, method: 'users.list', reason: 'not-administrator' },
  ])
})

type Made = Awaited<ReturnType<typeof aGateway>>['control']

test.for<[reason: string, lose: (control: Made, of: { sid: string; jti: string }) => Promise<unknown>]>([
  ['token-revoked', (control, { jti }) => control.client().tokens.revoke({ jti })],
  ['session-revoked', (control, { sid }) => control.client().sessions.end({ sid })],
  ['person-disabled', (control) => control.client().users.setDisabled({ handle: 'alice', disabled: true })],
])('a call with a token that is good no more is a record with its person, token, session and the reason %s', async ([reason, lose]) => {
  await using made = await aGateway()
  const { send, records, whose, ...of } = await aliceWithToken(made)
  await lose(made.control, of)
  expect((await send('/trpc/users.me')).status).toBe(reason === 'person-disabled' ? 403 : 401)
  await send('/graphql', { method: 'POST', body: JSON.stringify({ query: '{ me { handle } }' }) })
  const refused = (await records()).filter((record) => record.reason === reason)
  expect(refused).toMatchObject([
    { ...whose, method: 'api' },
    { ...whose, method: 'users.me' },
  ])
})

test('a token for MCP that is sent to the API is a record that names whose it is', async () => {
  await using made = await aGateway()
  const { send, records, whose } = await aliceWithToken(made, {})
  expect((await send('/trpc/users.me')).status).toBe(401)
  expect(await records()).toMatchObject([{ ...whose, method: 'users.me', reason: 'token-wrong-audience' }])
})

test('a token that the gateway did not sign is a record without a name, whatever it says', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const foreign = await idp.sign({ claims: { sid: 'x' } })
  const forged = await new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(Buffer.alloc(32))
  for (const token of [foreign, forged]) {
    const headers = { authorization: `Bearer ${token}` }
    expect((await control.get('/trpc/users.list', { headers })).status).toBe(401)
  }
  const { items } = await control.client().audit.search({ reason: 'token-invalid' })
  expect(items.map(({ user, sessionId, method }) => ({ user, sessionId, method }))).toEqual(
    Array.from({ length: 2 }, () => ({ user: null, sessionId: null, method: 'users.list' })),
  )
})

/** Runs what is given while the database lacks a table, so that a query of ours fails whoever calls. */
async function without(table: string, { db }: Made, run: () => Promise<void>): Promise<void> {
  const [name, away] = [sql.id(table), sql.id(`${table}_away`)]
  await sql`alter table ${name} rename to ${away}`.execute(db)
  await run()
  await sql`alter table ${away} rename to ${name}`.execute(db)
}

const failures = ({ events }: Made) => events.filter(({ event }) => event === 'operation-failed').map(({ facts }) => String(facts?.['why']))

test('a query that fails while a caller is authenticated is a mistake of ours: 500, in the log, and no refusal of their token', async () => {
  await using made = await aGateway()
  const { control } = made
  const { send, records } = await aliceWithToken(made)
  await without('revocations', control, async () => {
    const query = { method: 'POST', body: JSON.stringify({ query: '{ me { handle } }' }) }
    for (const answer of [await send('/trpc/users.me'), await send('/graphql', query)]) {
      expect(answer.status).toBe(500)
      expect(await answer.text()).not.toMatch(/relation|revocations|Sign in/)
    }
  })
  expect(failures(control).filter((why) => why.includes('"revocations"'))).toHaveLength(2)
  expect(await records()).toEqual([])
  expect((await send('/trpc/users.me')).status).toBe(200)
})

test('a query that fails while an assertion of the operator is used up is no fault of the assertion', async () => {
  await using made = await aGateway()
  const { control } = made
  await without('used_assertions', control, async () => {
    const headers = { authorization: `Bearer ${await control.assertion()}` }
    expect((await control.get('/trpc/users.list', { headers })).status).toBe(500)
    const answer = await control.token(bearer(await control.assertion({ person: 'alice' })))
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('used_assertions')
  })
  expect((await control.client().audit.search({ reason: 'token-invalid' })).items).toEqual([])
})

test('a refusal is answered and recorded also where its person cannot be looked up', async () => {
  await using made = await aGateway()
  const { send, records, whose } = await aliceWithToken(made, {})
  await without('users', made.control, async () => expect((await send('/trpc/users.me')).status).toBe(401))
  expect(await records()).toMatchObject([{ ...whose, user: null, reason: 'token-wrong-audience' }])
})

test('a token that names our key with another algorithm is a refusal, and no mistake of ours', async () => {
  await using made = await aGateway()
  const { body } = await asked(made.control, exchange(await made.idp.sign(), api))
  const [header = '', ...rest] = body.access_token.split('.')
  const { alg, ...more } = JSON.parse(Buffer.from(header, 'base64url').toString())
  const other = Buffer.from(JSON.stringify({ ...more, alg: alg === 'ES256' ? 'EdDSA' : 'ES256' })).toString('base64url')
  const headers = { authorization: `Bearer ${[other, ...rest].join('.')}` }
  expect((await made.control.get('/trpc/users.me', { headers })).status).toBe(401)
})
