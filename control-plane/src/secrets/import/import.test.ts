import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aConsul, noConsul } from '../stores/consul/testing.ts'
import type { TestConsul } from '../stores/consul/testing.ts'
import { aVault } from '../stores/vault/testing.ts'
import { aSecretWorld, aToken } from '../testing.ts'
import { importSecrets } from './import.ts'
import { openSource } from './source.ts'
import type { SourceSettings } from './source.ts'

let consul: TestConsul
beforeAll(async () => {
  if (noConsul === undefined) consul = await aConsul()
})
afterAll(async () => consul?.[Symbol.asyncDispose]())

const live = test.skipIf(noConsul !== undefined)

/** Secrets lie in the embedded store; documents of the original lie in Consul. */
async function anOldWorld() {
  const world = await aSecretWorld()
  const prefix = `bir-test-${uuidv7()}/`
  const reads = (settings: Partial<SourceSettings>) => {
    world.ctx.secrets.importFrom = (from) =>
      openSource(from, { consul: undefined, vault: () => undefined, log: () => undefined, ...settings })
  }
  reads({ consul: { address: consul.address, token: consul.token, prefix: 'bir/', ca: undefined } })
  const keep = (key: string, document: object | string) =>
    consul.ask('PUT', `kv/${prefix}${key}`, typeof document === 'string' ? document : JSON.stringify(document))
  const from = `consul:${prefix}`
  const all = (more: { dryRun?: boolean } = {}) => importSecrets(world.ctx, { from, limit: 100, ...more })
  const idOf = async (handle: string) =>
    (await world.db.selectFrom('users').select('id').where('handle', '=', handle).executeTakeFirstOrThrow()).id
  const stored = async (handle: string) =>
    (await world.ctx.secrets.store.read({ holder: { kind: 'person', id: await idOf(handle) }, server: 'vcs' }))?.fields
  return { ...world, prefix, keep, from, all, reads, stored }
}

const outcomes = ({ items }: Awaited<ReturnType<typeof importSecrets>>) =>
  items.map(({ key, system, user, outcome }) => [key.split('/').slice(1).join('/'), system, user, outcome])

live('tokens are found by subject and handle, tried on the way, and only good ones are saved; no answer holds a value', async () => {
  await using world = await anOldWorld()
  const [good, bad] = [world.good(), aToken()]
  await world.keep('people/subject-of-alice', { secrets: { vcs_token: good }, mcp_configs: { vcs: { permission: 'write' } } })
  await world.keep('people/bob.yaml', `vcs_token: ${bad}\nsql_contexts:\n  - { connection_name: bank, schema_tables: [public.a] }\n`)
  await world.keep('people/nobody', { vcs_token: bad })
  await world.keep('people/half', `vcs_token: "${bad}`)

  const dry = await world.all({ dryRun: true })
  expect(outcomes(dry)).toContainEqual(['people/subject-of-alice', 'vcs', 'alice', 'would_try'])
  expect(world.service.state.asked).toBe(0)
  expect(await world.stored('alice')).toBeUndefined()

  const report = await world.all()
  expect(outcomes(report)).toEqual([
    ['people/bob.yaml', 'vcs', 'bob', 'refused'],
    ['people/half', null, null, 'unreadable'],
    ['people/nobody', null, null, 'no_person'],
    ['people/subject-of-alice', 'vcs', 'alice', 'imported'],
  ])
  expect(report).toMatchObject({
    levels: [{ user: 'alice', server: 'vcs', level: 'write' }],
    tables: [{ user: 'bob', server: 'sql', connection: 'bank', allow: ['public.a'] }],
    documents: 4,
    done: 4,
    resume: null,
  })
  for (const text of [report, dry, world.recorded].map((one) => JSON.stringify(one)))
    for (const token of [good, bad]) expect(text).not.toContain(token)
  expect(await world.stored('alice')).toEqual({ token: good })
  expect(await world.stored('bob')).toBeUndefined()
  const history = await world.db.selectFrom('secret_history').select('act').orderBy('id').execute()
  expect(history.map(({ act }) => act)).toEqual(['refused', 'imported'])
  expect(await world.db.selectFrom('grants').select('id').execute()).toHaveLength(2)
})

live('a second run asks the service about no token that is here, and keeps what a person has put since', async () => {
  await using world = await anOldWorld()
  const first = world.good()
  await world.keep('alice', { vcs_token: first })
  await world.all()
  const asked = world.service.state.asked
  expect(outcomes(await world.all())).toEqual([['alice', 'vcs', 'alice', 'same']])
  expect(world.service.state.asked).toBe(asked)

  await world.keep('alice', { vcs_token: world.good() })
  expect(outcomes(await world.all())).toEqual([['alice', 'vcs', 'alice', 'kept']])
  expect(await world.stored('alice')).toEqual({ token: first })
})

live('an import that ended half-way goes on where it stopped, and every document is done once', async () => {
  await using world = await anOldWorld()
  for (let n = 0; n < 7; n++) await world.keep(`${n}`, { vcs_token: aToken() })
  const keys: string[] = []
  let cursor: string | undefined
  for (;;) {
    const report = await importSecrets(world.ctx, { from: world.from, limit: 3, ...(cursor === undefined ? {} : { cursor }) })
    keys.push(...report.items.map(({ key }) => key.slice(world.prefix.length)))
    expect(report.documents).toBe(7)
    if (report.resume === null) break
    cursor = report.resume
  }
  expect(keys).toEqual(['0', '1', '2', '3', '4', '5', '6'])
})

live('more than five bad tokens do not stop it, a service that is away says so, and what no server can use is named', async () => {
  await using world = await anOldWorld()
  for (let n = 0; n < 7; n++) {
    await world.aPerson(`person-${n}`)
    await world.keep(`person-${n}`, { vcs_token: aToken() })
  }
  expect((await world.all()).items.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 7 }, () => 'refused'))

  world.service.state.mood = 'reset'
  await world.keep('alice', { vcs_token: world.good(), jira_token: aToken(), plain_token: aToken(), sql_url: 'postgres://fake:fake@db' })
  const mine = (await world.all()).items.filter(({ user }) => user === 'alice').map(({ system, outcome }) => [system, outcome])
  expect(mine).toEqual([
    ['vcs', 'failed'],
    ['jira', 'no_server'],
    ['plain', 'no_field'],
    ['sql', 'unfit'],
  ])
  expect(await world.stored('alice')).toBeUndefined()
})

live('somebody whose name means two people gets nothing', async () => {
  await using world = await anOldWorld()
  await world.db.updateTable('users').set({ email: 'bob', email_verified: true }).where('handle', '=', 'alice').execute()
  await world.keep('bob', { vcs_token: world.good() })
  expect(outcomes(await world.all())).toEqual([['bob', null, null, 'no_person']])
})

live('nothing there, no setting, and a Consul that is away are errors that say what to do', async () => {
  await using world = await anOldWorld()
  await expect(world.all()).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining(`key_prefix "${world.prefix}" { policy = "read" }`) as string,
  })
  world.reads({ consul: { address: 'http://127.0.0.1:1', token: 'fake', prefix: 'bir/', ca: undefined } })
  await expect(world.all()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('127.0.0.1:1') as string })
  world.reads({})
  await expect(world.all()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('CONSUL_HTTP_ADDR') as string })
})

test.for(['1', '2'] as const)(
  'entries of people in Vault, in a KV engine of version %s, are taken over; a folder beside them is left',
  async (version) => {
    await using vault = await aVault()
    await using world = await aSecretWorld()
    const mount = await vault.mount(version)
    const token = world.good()
    const write = (name: string, entry: object) =>
      vault.ask('POST', `${mount}/${version === '2' ? 'data/' : ''}mcp/${name}`, { body: version === '2' ? { data: entry } : { ...entry } })
    await write('subject-of-alice', {
      secrets: { vcs_token: token },
      mcp_configs: { vcs: { permission: 'read' } },
      gitlab_oauth_token: null,
    })
    await write('bob', { vcs: aToken() })
    await write('deeper/bob', { vcs: aToken() })
    world.ctx.secrets.importFrom = (from) => openSource(from, { consul: undefined, vault: () => vault.access(mount), log: () => undefined })
    const report = await importSecrets(world.ctx, { from: `vault:${mount}/mcp/`, limit: 100 })
    expect(report.items.map(({ key, user, outcome }) => [key, user, outcome])).toEqual([
      [`${mount}/mcp/bob`, 'bob', 'refused'],
      [`${mount}/mcp/subject-of-alice`, 'alice', 'imported'],
    ])
    expect(report.levels).toEqual([{ user: 'alice', server: 'vcs', level: 'read' }])
    const one = await importSecrets(world.ctx, { from: `vault:${mount}/mcp/bob` })
    expect(one.items.map(({ outcome }) => outcome)).toEqual(['refused'])
    await expect(importSecrets(world.ctx, { from: 'vault:nowhere/mcp' })).rejects.toMatchObject({ code: 'unavailable' })
  },
)

test('with the policy that we ship, an import from Vault says which rights it needs, and with these it goes', async () => {
  await using vault = await aVault()
  await using world = await aSecretWorld()
  const mount = await vault.mount('2')
  const token = world.good()
  await vault.ask('POST', `${mount}/data/mcp/alice`, { body: { data: { vcs_token: token } } })
  const as = (text: string) => {
    world.ctx.secrets.importFrom = (from) =>
      openSource(from, {
        consul: undefined,
        vault: () => vault.access(mount, { method: 'token', token: { text } }),
        log: () => undefined,
      })
    return importSecrets(world.ctx, { from: `vault:${mount}/mcp` })
  }
  const message = expect.stringContaining('An import needs read and list there') as string
  await expect(as(await vault.tokenOf('bir-control-plane', mount))).rejects.toMatchObject({ code: 'unavailable', message })

  const name = `${mount}-import`
  const policy = `path "${mount}/data/mcp/*" { capabilities = ["read"] }
path "${mount}/metadata/mcp" { capabilities = ["list"] }
path "${mount}/metadata/mcp/*" { capabilities = ["list"] }`
  await vault.ask('POST', `sys/policies/acl/${name}`, { body: { policy } })
  const { auth } = await vault.ask('POST', 'auth/token/create', { body: { policies: [name] } })
  expect((await as((auth as { client_token: string }).client_token)).items).toMatchObject([{ user: 'alice', outcome: 'imported' }])
})
