import { expect, test } from 'vitest'
import { aPlaneWithDesk, tokens, usable, whole } from '../testing/desk.ts'
import { ALICE, DAVE, modernRequest } from '../testing/plane.ts'
import type { PolicyParts } from '../testing/policy.ts'

test('a call is made with the secret of its person, and nobody hears of it, however the service repeats it', async () => {
  const { service, call, ask, plane } = await aPlaneWithDesk()
  const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => call('get_desk', at % 2 === 0 ? ALICE : DAVE)))
  expect(service.seen.toSorted()).toEqual(
    [...Array.from({ length: 10 }, () => tokens.dave), ...Array.from({ length: 10 }, () => tokens.alice)].toSorted(),
  )
  for (const answer of answers) {
    expect(answer).toContain('you sent •••, in hex •••')
    expect(answer).not.toMatch(/Zx9Qw7|Kj8Hg6|5a7839|4b6a38|1Op2As|0Bv1Cx/)
  }
  expect(await ask('resources/read', { uri: 'desk://page' })).toContain('you sent •••')
  expect(JSON.stringify(plane.records())).not.toContain(tokens.alice)
})

test("a secret is hidden in the records of its person's calls, also where the person wrote it", async () => {
  const { call, plane } = await aPlaneWithDesk()
  await call('update_desk', ALICE, { note: `it is ${tokens.alice}` })
  await call('update_desk', DAVE, { note: 'nothing' })
  const records = JSON.stringify(plane.records())
  expect(records).toContain('it is •••')
  expect(records).not.toContain(tokens.alice)
})

test.for([
  [undefined, 'secret_missing', 'needs a secret of yours'],
  [{ ...usable, state: 1 }, 'secret_missing', 'has expired'],
  [{ ...usable, state: 2 }, 'secret_missing', 'Desk refused it, or the store of the secrets has lost it or cannot read it.'],
  [{ ...usable, state: 5 }, 'secret_missing', 'at another address'],
  [{ ...usable, expiresAtMs: 1000 }, 'secret_missing', 'has expired'],
] as const)('with the secret %j a call answers %s with the link and the command', async ([entry, code, words]) => {
  const { call, ask, plane, service } = await aPlaneWithDesk(entry ? { [ALICE]: { desk: entry } } : {})
  const { result } = JSON.parse(await call('get_desk'))
  expect(result).toMatchObject({ isError: true, resultType: 'complete' })
  const [{ text }] = result.content
  expect(text).toContain(words)
  expect(text).toContain('https://portal.example.com/secrets#desk')
  expect(text).toContain('bir secret put desk')
  expect(JSON.parse(text.split('\n')[1])).toMatchObject({ code, retryable: false })
  const { error } = JSON.parse(await ask('resources/read', { uri: 'desk://page' }))
  expect(error).toMatchObject({ code: -31428, message: expect.stringContaining('/secrets#desk'), data: { code } })
  expect(plane.records()[0]?.header).toMatchObject({
    outcome: 'refused',
    reason: entry ? 'secret-unusable' : 'secret-missing',
    tool: 'get_desk',
  })
  expect(service.seen).toEqual([])
})

test('a secret that covers too low a level says so for the tools above it, and serves the others', async () => {
  const { call, plane } = await aPlaneWithDesk({ [ALICE]: { desk: { ...usable, level: 'read' } } })
  expect(await call('get_desk')).toContain('you sent •••')
  const text = await call('update_desk')
  expect(text).toContain('scope_missing')
  expect(text).toContain('/secrets#desk')
  expect(plane.records().map(({ header }) => header.reason)).toContain('secret-level-too-low')
})

test('a tool that no grant opens is unknown in the same bytes, whatever secret its person has', async () => {
  const { call, plane } = await aPlaneWithDesk({})
  plane.use({ grants: {}, secrets: {} })
  const [hidden, unknown] = [await call('get_desk'), await call('get_nothing')]
  expect(hidden.replaceAll('get_desk', 'get_nothing')).toBe(unknown)
})

test('a store that is away stops no call whose secret is held, and a call whose is not says whose fault it is', async () => {
  const { call, store } = await aPlaneWithDesk()
  await call('get_desk')
  store.isAway = true
  expect(await call('get_desk')).toContain('you sent •••')
  const { error } = JSON.parse(await call('get_desk', DAVE))
  expect(error).toMatchObject({ code: -31503, message: expect.stringContaining('store of secrets does not answer') })
})

test('a newer policy has another version read, and a person who is disabled leaves nothing behind', async () => {
  const { call, store, plane, service } = await aPlaneWithDesk()
  await call('get_desk')
  store.values.set(`people/${ALICE}/desk`, { token: 'desk-of-the-second-version' })
  service.good.add('desk-of-the-second-version')
  plane.use({ secrets: { [ALICE]: { desk: { ...usable, version: 2 } } } })
  expect(await call('get_desk')).toContain('you sent •••')
  expect(service.seen.at(-1)).toBe('desk-of-the-second-version')
  expect(store.reads).toBe(2)
  plane.use({ secrets: { [ALICE]: { desk: { ...usable, version: 2 } } }, disabled: ['alice'] })
  plane.use({ secrets: { [ALICE]: { desk: { ...usable, version: 2 } } } })
  await call('get_desk')
  expect(store.reads).toBe(3)
})

test('when the service refuses a secret, a read is made once more with a newer one of the store, and a write never', async () => {
  const { call, store, service, rechecked } = await aPlaneWithDesk()
  await call('get_desk')
  service.good.delete(tokens.alice)
  service.good.add('desk-newer-of-the-store')
  store.values.set(`people/${ALICE}/desk`, { token: 'desk-newer-of-the-store' })
  const write = await call('update_desk')
  expect(write).toContain('secret_invalid')
  expect(write).toContain('/secrets#desk')
  expect(write).not.toContain(tokens.alice)
  expect(await call('get_desk')).toContain('you sent •••')
  expect(service.seen).toEqual([tokens.alice, tokens.alice, 'desk-newer-of-the-store'])
  expect(rechecked).toEqual([])
})

test('check_server of debug tries the secret, list_servers says how it stands and where to give one', async () => {
  const { plane } = await aPlaneWithDesk({ [ALICE]: { desk: usable } })
  plane.use({ grants: { desk: whole, debug: whole, meta: whole }, daves: { desk: whole, debug: whole, meta: whole } })
  const ask = async (server: string, name: string, args: object, sub: string) =>
    (await fetch(`${plane.url}/mcp/${server}`, modernRequest(await plane.token({ sub }), 'tools/call', { name, arguments: args }))).text()
  expect(JSON.parse(await ask('debug', 'check_server', { server: 'desk' }, ALICE)).result.structuredContent).toMatchObject({
    ok: true,
    steps: [{ step: 'try your secret at the service', ok: true, detail: 'It is good.' }],
  })
  expect(await ask('debug', 'check_server', { server: 'desk' }, DAVE)).toContain('needs a secret of yours')
  expect(JSON.parse(await ask('meta', 'list_servers', {}, ALICE)).result.structuredContent.items).toContainEqual(
    expect.objectContaining({ server: 'desk', secret: 'good', secret_of: 'person' }),
  )
  expect(await ask('meta', 'list_servers', {}, DAVE)).toContain('/secrets#desk')
  expect(await ask('meta', 'list_permissions', { server: 'desk' }, DAVE)).toContain('secret-missing')
})

test.for<[string, PolicyParts]>([
  ['is switched off', { revoked: { killed: ['desk'] } }],
  ['is disabled for the person', { grants: { desk: { user: [{ level: 'disabled' }] }, debug: whole } }],
  ['was open to the person until a moment ago', { grants: { desk: { user: [{ level: 'read', expiresAtMs: 1 }] }, debug: whole } }],
])('check_server of debug tries no secret at a server that %s', async ([, parts]) => {
  const { plane, store } = await aPlaneWithDesk({ [ALICE]: { desk: usable } })
  plane.use({ grants: { desk: whole, debug: whole }, ...parts })
  const request = modernRequest(await plane.token(), 'tools/call', { name: 'check_server', arguments: { server: 'desk' } })
  expect(await (await fetch(`${plane.url}/mcp/debug`, request)).text()).toContain('There is no server desk that you may use.')
  expect(store.reads).toBe(0)
})

test('when the service refuses a secret and the store has no other, it is tried by itself', async () => {
  const { call, service, rechecked } = await aPlaneWithDesk()
  service.good.clear()
  const text = await call('get_desk')
  expect(text).toContain('Desk does not accept the token •••.')
  expect(text).toContain('secret_invalid')
  expect(text).toContain('Give one at https://portal.example.com/secrets#desk')
  expect(rechecked).toMatchObject([{ version: 1, fields: { token: tokens.alice } }])
})

test('a value that the store has lost is told to the control plane, and the caller what to do; one that is only newer is waited for', async () => {
  const { call, store, missed, plane, service } = await aPlaneWithDesk()
  store.values.clear()
  const { result } = JSON.parse(await call('get_desk'))
  const text: string = result.content[0].text
  expect(text).toContain('The store of the secrets has lost the value of the secret for desk.')
  expect(text).toContain('Give one at https://portal.example.com/secrets#desk, or run "bir secret put desk"')
  expect(JSON.parse(text.split('\n')[1] ?? '')).toMatchObject({ code: 'secret_missing', retryable: false })
  expect(missed).toEqual([{ server: 'desk', version: 1 }])
  store.isWritten = true
  expect(await call('get_desk', DAVE)).toContain('Try again in a few seconds.')
  expect(plane.records().map(({ header }) => header.reason)).toEqual(expect.arrayContaining(['secret-unusable', 'secret-changed']))
  expect(service.seen).toEqual([])
})

test.for([[{ foo: 'bar' }], [{ token: '' }], [{ token: 'in two\nlines' }], ['unreadable']] as const)(
  'what lies in the store and is no secret (%j) is a tool error with the link, and nothing is sent',
  async ([stored]) => {
    const { call, store, service } = await aPlaneWithDesk()
    if (stored === 'unreadable') store.isUnreadable = true
    else store.values.set(`people/${ALICE}/desk`, stored)
    const { result } = JSON.parse(await call('get_desk'))
    expect(result).toMatchObject({ isError: true })
    expect(result.content[0].text).toContain('secret_invalid')
    expect(result.content[0].text).toContain('https://portal.example.com/secrets#desk')
    expect(service.seen).toEqual([])
  },
)
