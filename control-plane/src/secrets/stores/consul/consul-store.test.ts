import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { connect } from '@bir/db'
import { testDb } from '@bir/db/testing'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../../../../../deploy/testing/certificate.ts'
import { masterKeyOf } from '../../../keys/master-key.ts'
import { eraseHolder, holderName } from '../embedded/holder-keys.ts'
import { aPlace, faultOf, storeContract } from '../testing.ts'
import { openConsul } from './consul-client.ts'
import { createConsulStore } from './consul-store.ts'
import { aConsul, noConsul, noConsulProgram, startConsul } from './testing.ts'
import type { TestConsul } from './testing.ts'

let consul: TestConsul
beforeAll(async () => {
  if (noConsul === undefined) consul = await aConsul()
})
afterAll(async () => consul?.[Symbol.asyncDispose]())

interface Where {
  address: string
  token?: string | undefined
  ca?: string | undefined
}

async function aStore({ address, token, ca }: Where = consul) {
  const { db, drop } = await testDb()
  const prefix = `bir-test-${uuidv7()}/`
  const kv = openConsul({ address, token, ca })
  const store = createConsulStore({ kv, prefix, db, master: masterKeyOf(randomBytes(32)) })
  const keyOf = (place: SecretPlace) => prefix + holderName(place.holder)
  const raw = (place: SecretPlace) => consul.ask('GET', `kv/${keyOf(place)}?raw`)
  const putRaw = (place: SecretPlace, text: string) => consul.ask('PUT', `kv/${keyOf(place)}`, text)
  const dispose = async () => {
    await store.close()
    await drop()
  }
  return { store, db, kv, prefix, keyOf, raw, putRaw, [Symbol.asyncDispose]: dispose }
}

const live = test.skipIf(noConsul !== undefined)
const own = test.skipIf(noConsulProgram !== undefined)
const titled = (title: string, why = noConsul) => (why === undefined ? title : `${title} (${why})`)

storeContract('the Consul store', () => aStore(), { skip: noConsul })

live(titled('one YAML document holds all secrets of a person, and no value in clear in any encoding'), async () => {
  await using made = await aStore()
  const place = aPlace()
  const token = `fake-${randomBytes(12).toString('hex')}`
  await made.store.write(place, { token }, null)
  await made.store.write({ ...place, server: 'jira' }, { user: 'bob', token }, null)
  const text = await made.raw(place)
  expect(text).toMatch(
    /^# .*\nformat: bir-secrets\/1\nholder: people\/.*\nservers:\n {2}gitlab:\n {4}version: \d+\n {4}fields:\n {6}token: /,
  )
  expect(text).toMatch(/\n {2}jira:\n(?:.*\n)* {6}user: /)
  const forms = [token, Buffer.from(token).toString('base64'), Buffer.from(token).toString('base64url'), Buffer.from(token).toString('hex')]
  for (const form of forms) expect(text).not.toContain(form)
})

live(titled('secrets of one person for many servers that are written at once are all there'), async () => {
  await using made = await aStore()
  const { holder } = aPlace()
  const servers = Array.from({ length: 8 }, (_, n) => `server-${n}`)
  await Promise.all(servers.map((server) => made.store.write({ holder, server }, { token: `fake-${server}` }, null)))
  for (const server of servers) expect((await made.store.read({ holder, server }))?.fields).toEqual({ token: `fake-${server}` })
  await Promise.all(servers.map((server) => made.store.delete({ holder, server })))
  const keys = JSON.parse(await consul.ask('GET', `kv/${made.prefix}?keys`).catch(() => '[]')) as string[]
  expect(keys).toEqual([])
})

test.skipIf(noConsul !== undefined).for([
  ['half of a document', (text: string) => text.slice(0, text.indexOf('token:') + 12)],
  ['a document cut within its head', (text: string) => text.slice(0, text.indexOf('holder:'))],
  ['no YAML', () => 'servers: {gitlab: [fake-secret'],
  ['foreign YAML', () => 'gitlab_token: fake-secret\n'],
  ['an alias, which can grow without end', (text: string) => text.replace('servers:', 'more: &a {}\nservers: *a\nold:')],
  ['a field with another form', (text: string) => text.replace(/token: .*/, 'token: "fake secret"')],
  ['an unknown member', (text: string) => `${text}fake-secret: 1\n`],
  ['the document of another person', (text: string) => text.replace(/holder: .*/, `holder: people/${uuidv7()}`)],
  ['bytes that are no text', () => 'ÿþ'],
  ['nothing', () => ''],
] as const)('%s is a fault that names the key and no value, and is never written over', async ([, broken]) => {
  await using made = await aStore()
  const place = aPlace()
  const version = await made.store.write(place, { token: 'fake-1' }, null)
  const text = broken(await made.raw(place))
  if (text === 'ÿþ')
    await fetch(`${consul.address}/v1/kv/${made.keyOf(place)}`, { ...asManager(), method: 'PUT', body: Buffer.from([0xff, 0xfe]) })
  else await made.putRaw(place, text)
  const before = await made.raw(place)

  for (const work of [
    () => made.store.read(place),
    () => made.store.write(place, { token: 'fake-2' }, version),
    () => made.store.write({ ...place, server: 'jira' }, { token: 'fake-3' }, null),
    () => made.store.delete(place),
  ]) {
    const fault = await faultOf(work)
    expect(fault).toMatchObject({ kind: 'malformed', retryable: false, message: expect.stringContaining(made.keyOf(place)) as string })
    expect(inspect(fault, { depth: 9, showHidden: true })).not.toMatch(/fake.secret|fake-[123]/)
  }
  expect(await made.raw(place)).toBe(before)
})

const asManager = () => ({ headers: consul.token === undefined ? {} : { 'x-consul-token': consul.token } })

live(titled('a value that was moved to another server, field or person, or of which a field was left away, is refused'), async () => {
  await using made = await aStore()
  const [bob, eve] = [aPlace(), aPlace()]
  await made.store.write(bob, { token: 'fake-1', user: 'fake-2' }, null)
  await made.store.write({ ...bob, server: 'jira' }, { token: 'fake-3', user: 'fake-4' }, null)
  await made.store.write(eve, { token: 'fake-5', user: 'fake-6' }, null)
  const text = await made.raw(bob)
  const [, gitlab = '', jira = ''] = /\n {2}gitlab:\n((?: {4}.*\n)*) {2}jira:\n((?: {4}.*\n)*)/.exec(text) ?? []
  const [, token = '', user = ''] = /token: (.*)\n.*user: (.*)\n/.exec(gitlab) ?? []
  expect([gitlab, jira, token, user].every(Boolean)).toBe(true)

  const changes: [SecretPlace, string][] = [
    [bob, text.replace(gitlab, jira)],
    [bob, text.replace(token, user)],
    [bob, text.replace(/ {6}user: .*\n/, '')],
    [bob, text.replace(/version: (\d+)/, (_, version) => `version: ${Number(version) + 1}`)],
    [eve, text.replace(/holder: .*/, `holder: ${holderName(eve.holder)}`)],
  ]
  for (const [place, changed] of changes) {
    await made.putRaw(place, changed)
    const fault = await faultOf(() => made.store.read(place))
    expect(fault).toMatchObject({ kind: 'malformed', retryable: false })
    expect(fault.message).not.toContain('fake-')
  }
})

live(titled('whoever erases the key of a person erases their secrets in every copy that Consul has'), async () => {
  await using made = await aStore()
  const place = aPlace()
  await made.store.write(place, { token: 'fake-1' }, null)
  const copy = await made.raw(place)
  await made.store.delete(place)
  await eraseHolder(made.db, place.holder)
  await made.putRaw(place, copy)
  expect(await made.store.read(place)).toBeUndefined()
  await made.store.write({ ...place, server: 'jira' }, { token: 'fake-2' }, null)
  expect(await faultOf(() => made.store.read(place))).toMatchObject({ kind: 'malformed' })
})

live(titled('a document larger than Consul takes is refused, and the one before stays'), async () => {
  await using made = await aStore()
  const { holder } = aPlace()
  const value = 'x'.repeat(64 * 1024)
  const servers = Array.from({ length: 8 }, (_, n) => `server-${n}`)
  const write = async () => {
    for (const server of servers) await made.store.write({ holder, server }, { token: value }, null)
  }
  expect(await faultOf(write)).toMatchObject({ kind: 'service_error', message: expect.stringMatching(/512 KiB/) as string })
  expect((await made.store.read({ holder, server: 'server-0' }))?.fields).toEqual({ token: value })
})

own(
  titled('with ACLs: what the token may not, and a token that is gone, are said so, and no error holds the token', noConsulProgram),
  async () => {
    await using secured = await startConsul({ acl: true })
    const policy = { Name: 'bir', Rules: 'key_prefix "bir-test-" { policy = "read" }' }
    await secured.ask('PUT', 'acl/policy', JSON.stringify(policy))
    const make = async (policies: object[]) =>
      JSON.parse(await secured.ask('PUT', 'acl/token', JSON.stringify({ Policies: policies }))) as { SecretID: string; AccessorID: string }
    const [reading, nothing, gone] = [await make([{ Name: 'bir' }]), await make([]), await make([{ Name: 'bir' }])]
    await secured.ask('DELETE', `acl/token/${gone.AccessorID}`)
    const place = aPlace()
    const said = async (token: string | undefined, work: (store: Awaited<ReturnType<typeof aStore>>['store']) => Promise<unknown>) => {
      await using made = await aStore({ address: secured.address, token })
      const fault = await faultOf(() => work(made.store))
      if (token) expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain(token)
      expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain('fake-canary')
      return fault
    }

    for (const token of [nothing.SecretID, undefined]) {
      expect(await said(token, (store) => store.check())).toMatchObject({ kind: 'permission_denied', retryable: false })
      expect(await said(token, (store) => store.read(place))).toMatchObject({ kind: 'permission_denied' })
    }
    expect(await said(reading.SecretID, (store) => store.write(place, { token: 'fake-canary' }, null))).toMatchObject({
      kind: 'permission_denied',
      message: expect.stringContaining('key_prefix') as string,
    })
    expect(await said(gone.SecretID, (store) => store.check())).toMatchObject({ kind: 'signed_out' })
    await secured.ask(
      'PUT',
      `acl/policy/${(await policyId(secured)).ID}`,
      JSON.stringify({ ...policy, Rules: policy.Rules.replace('read', 'write') }),
    )
    await using made = await aStore({ address: secured.address, token: reading.SecretID })
    await expect
      .poll(() =>
        made.store.write(place, { token: 'fake-1' }, null).then(
          () => 'written',
          () => 'refused',
        ),
      )
      .toBe('written')
    expect((await made.store.read(place))?.fields).toEqual({ token: 'fake-1' })
  },
)

const policyId = async (secured: TestConsul) => JSON.parse(await secured.ask('GET', 'acl/policy/name/bir')) as { ID: string }

own(titled('https: the CA of the settings is trusted, and nobody else', noConsulProgram), async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bir-consul-'))
  const { key, certificate } = selfSigned()
  const paths = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') }
  writeFileSync(paths.certificate, certificate)
  writeFileSync(paths.key, key)
  try {
    await using secured = await startConsul({ tls: paths })
    const place = aPlace()
    await using trusting = await aStore({ address: secured.httpsAddress, ca: certificate })
    await trusting.store.write(place, { token: 'fake-1' }, null)
    expect((await trusting.store.read(place))?.fields).toEqual({ token: 'fake-1' })
    const said = async (where: Where) => {
      await using made = await aStore(where)
      return await faultOf(() => made.store.check())
    }
    expect(await said({ address: secured.httpsAddress })).toMatchObject({
      kind: 'tls',
      message: expect.stringContaining('CONSUL_CACERT') as string,
    })
    expect(await said({ address: secured.httpsAddress, ca: selfSigned().certificate })).toMatchObject({ kind: 'tls' })
    expect(await said({ address: secured.httpsAddress.replace('https', 'http') })).toMatchObject({
      kind: 'tls',
      message: expect.stringContaining('https://') as string,
    })
    expect(await said({ address: secured.address.replace('http', 'https') })).toMatchObject({ kind: 'tls' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** A stand-in of Consul: each answer is one that Consul's source gives, or a proxy before it. */
async function answering(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const made = await aStore({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'fake-acl-token' })
  const dispose = async () => {
    await made[Symbol.asyncDispose]()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { store: made.store, [Symbol.asyncDispose]: dispose }
}

test.for([
  ['no leader', 500, 'No cluster leader', 'unreachable', true],
  ['an inner fault', 500, 'rpc error: fake-canary', 'service_error', true],
  ['too many requests', 429, 'Your IP is issuing too many concurrent connections', 'rate_limited', true],
  ['a bad gateway', 502, '<html>fake-canary</html>', 'service_error', true],
  ['the log-in page of a proxy', 200, '<html>fake-canary</html>', 'service_error', false],
  ['JSON that is none', 200, '{"Key": "fake-canary', 'service_error', false],
  ['JSON of another service', 200, '{"data":"fake-canary"}', 'service_error', false],
  ['a page that is not there', 404, 'not found: fake-canary', 'service_error', false],
  ['a redirect', 302, 'fake-canary', 'service_error', false],
] as const)(
  '%s is the fault it is, quotes nothing, and is never taken for a secret that is not there',
  async ([, status, body, kind, retryable]) => {
    await using made = await answering((_request, response) => {
      response
        .writeHead(status, { 'content-type': body.startsWith('{') ? 'application/json' : 'text/html', location: '/elsewhere' })
        .end(body)
    })
    const place = aPlace()
    for (const work of [
      () => made.store.read(place),
      () => made.store.write(place, { token: 'fake-canary' }, null),
      () => made.store.delete(place),
      () => made.store.check(),
    ]) {
      const fault = await faultOf(work)
      expect(fault).toMatchObject({ kind, retryable })
      expect(inspect(fault, { depth: 9, showHidden: true })).not.toMatch(/fake-canary|fake-acl-token/)
    }
  },
)

test('a Consul that is away is a fault that passes, and so is a database that is away', async () => {
  await using made = await aStore({ address: 'http://127.0.0.1:1' })
  const place = aPlace()
  for (const work of [() => made.store.read(place), () => made.store.write(place, { token: 'fake' }, null), () => made.store.check()])
    expect(await faultOf(work)).toMatchObject({ kind: 'unreachable', retryable: true })
})

live(titled('a database that is away is a fault that passes'), async () => {
  await using made = await aStore()
  const place = aPlace()
  await made.store.write(place, { token: 'fake' }, null)
  const db = connect('postgres://nobody@127.0.0.1:1/none')
  const store = createConsulStore({ kv: made.kv, prefix: made.prefix, db, master: masterKeyOf(randomBytes(32)) })
  try {
    for (const work of [() => store.read(place), () => store.write(place, { token: 'fake' }, null), () => store.check()])
      expect(await faultOf(work)).toMatchObject({ kind: 'unreachable', retryable: true })
  } finally {
    await db.destroy()
  }
})
