import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { VaultAccess } from '@bir/sdk/vault/settings'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../../../../../deploy/testing/certificate.ts'
import { aPlace, faultOf, storeContract } from '../testing.ts'
import { aVault, TESTED_VAULT } from './testing.ts'
import type { TestVault } from './testing.ts'
import { createVaultStore } from './vault-store.ts'

let vault: TestVault
beforeAll(async () => {
  vault = await aVault()
})
afterAll(() => vault[Symbol.asyncDispose]())

const logged: object[] = []
const storeAt = (access: VaultAccess) => {
  const store = createVaultStore(access, (level, event, facts) => void logged.push({ level, event, ...facts }))
  return { store, [Symbol.asyncDispose]: () => store.close() }
}

const withVersion = (version: '1' | '2') => async () => {
  const mount = await vault.mount(version)
  return storeAt(vault.access(mount, { method: 'token', token: { text: await vault.tokenOf('bir-control-plane', mount) } }))
}

storeContract(`KV version 2 of ${TESTED_VAULT}, with the policy that we ship`, withVersion('2'))
storeContract(`KV version 1 of ${TESTED_VAULT}, with the policy that we ship`, withVersion('1'), { comparesAndSets: false })

test('a secret lies below bir/ of the mount, its fields as Vault shows them, and is destroyed with all versions', async () => {
  const mount = await vault.mount('2')
  await using at = storeAt(vault.access(mount))
  const place = aPlace()
  const first = await at.store.write(place, { token: 'fake-1' }, null)
  await at.store.write(place, { token: 'fake-2' }, first)
  const path = `${mount}/data/bir/${secretPath(place)}`
  expect(await vault.ask('GET', path)).toMatchObject({ data: { data: { token: 'fake-2' }, metadata: { version: 2 } } })
  await at.store.delete(place)
  await expect(vault.ask('GET', path)).rejects.toThrow('404')
})

test('a value that somebody deleted in Vault is gone, and another can be put in its place', async () => {
  const mount = await vault.mount('2')
  await using at = storeAt(vault.access(mount))
  const place = aPlace()
  await at.store.write(place, { token: 'fake-1' }, null)
  await vault.ask('DELETE', `${mount}/data/bir/${secretPath(place)}`)
  expect(await at.store.read(place)).toBeUndefined()
  await at.store.write(place, { token: 'fake-2' }, null)
  expect(await at.store.read(place)).toMatchObject({ fields: { token: 'fake-2' } })
})

test.for(['1', '2'] as const)(
  'with KV version %s, what cannot be read is said with its path, written over, and destroyed',
  async (version) => {
    const mount = await vault.mount(version)
    await using at = storeAt(vault.access(mount))
    const place = aPlace()
    const data = { token: { a: 'fake-1' } }
    const spoil = () =>
      version === '2'
        ? vault.ask('POST', `${mount}/data/bir/${secretPath(place)}`, { body: { data } })
        : vault.ask('POST', `${mount}/bir/${secretPath(place)}`, { body: data })
    await spoil()
    const fault = await faultOf(() => at.store.read(place))
    expect(fault).toMatchObject({ kind: 'malformed', message: expect.stringContaining(secretPath(place)) as string })
    expect(fault.message).not.toContain('fake-1')
    expect(await faultOf(() => at.store.write(place, { token: 'fake-2' }, null))).toMatchObject({
      kind: expect.stringMatching(/malformed|conflict/) as string,
    })
    await at.store.write(place, { token: 'fake-2' }, fault.unreadable?.storeVersion ?? null)
    expect(await at.store.read(place)).toMatchObject({ fields: { token: 'fake-2' } })
    await spoil()
    await at.store.delete(place)
    expect(await at.store.read(place)).toBeUndefined()
  },
)

test('the policy of a data plane reads, and nothing else', async () => {
  const mount = await vault.mount('2')
  await using writer = storeAt(vault.access(mount))
  await using reader = storeAt(vault.access(mount, { method: 'token', token: { text: await vault.tokenOf('bir-data-plane', mount) } }))
  const place = aPlace()
  const version = await writer.store.write(place, { token: 'fake-1' }, null)
  expect(await reader.store.read(place)).toMatchObject({ fields: { token: 'fake-1' } })
  expect(await faultOf(() => reader.store.write(place, { token: 'fake-2' }, version))).toMatchObject({ kind: 'permission_denied' })
  expect(await faultOf(() => reader.store.delete(place))).toMatchObject({ kind: 'permission_denied' })
})

test('a policy that allows something in the mount, and nothing of ours, is found by the check', async () => {
  const mount = await vault.mount('2')
  const name = `${mount}-elsewhere`
  await vault.ask('POST', `sys/policies/acl/${name}`, { body: { policy: `path "${mount}/data/other/*" { capabilities = ["read"] }` } })
  const { auth } = await vault.ask('POST', 'auth/token/create', { body: { policies: [name] } })
  const { client_token: text } = auth as { client_token: string }
  await using at = storeAt(vault.access(mount, { method: 'token', token: { text } }))
  expect(await faultOf(() => at.store.check())).toMatchObject({ kind: 'permission_denied' })
})

test.for([
  ['1', ['read'], 'create, update, delete below'],
  ['2', ['read'], 'create, update below'],
  ['2', ['create', 'read', 'update'], 'delete below'],
] as const)('with KV version %s, a policy that allows %j alone is found by the check', async ([version, allowed, lacking]) => {
  const mount = await vault.mount(version)
  await using root = storeAt(vault.access(mount))
  await expect.poll(() => root.store.check().catch((error: Error) => error.message)).toBeUndefined()
  const name = `${mount}-little`
  const folder = version === '2' ? `${mount}/data/bir` : `${mount}/bir`
  const policy = `path "${folder}/*" { capabilities = ${JSON.stringify(allowed)} }`
  await vault.ask('POST', `sys/policies/acl/${name}`, { body: { policy } })
  const { auth } = await vault.ask('POST', 'auth/token/create', { body: { policies: [name] } })
  const { client_token: text } = auth as { client_token: string }
  await using at = storeAt(vault.access(mount, { method: 'token', token: { text } }))
  const fault = await faultOf(() => at.store.check())
  expect(fault).toMatchObject({ kind: 'permission_denied', message: expect.stringContaining(lacking) as string })
})

test('an engine that is taken away later is found by the check, and so is another one in its place', async () => {
  const mount = await vault.mount('2')
  const text = await vault.tokenOf('bir-control-plane', mount)
  await using at = storeAt(vault.access(mount, { method: 'token', token: { text } }))
  await expect.poll(() => at.store.check().catch((error: Error) => error.message)).toBeUndefined()
  await vault.ask('DELETE', `sys/mounts/${mount}`)
  expect(await faultOf(() => at.store.check())).toMatchObject({ kind: 'wrong_mount' })
})

test('an AppRole logs in when it is needed, renews its token, and logs in anew when the token was revoked', async () => {
  const mount = await vault.mount('2')
  const auth = await vault.appRole(mount, '2s')
  await using at = storeAt(vault.access(mount, auth))
  const place = aPlace()
  await at.store.write(place, { token: 'fake-1' }, null)
  const lives = async () => (await at.store.read(place))?.fields
  expect(await lives()).toEqual({ token: 'fake-1' })
  // The token lives for two seconds, and is renewed or made anew meanwhile.
  const untilMs = Date.now() + 3_000
  await expect.poll(async () => [await lives(), Date.now() > untilMs]).toEqual([{ token: 'fake-1' }, true])
})

test('a wrong secret id is said to be one', async () => {
  const mount = await vault.mount('2')
  const auth = await vault.appRole(mount)
  await using at = storeAt(vault.access(mount, { ...auth, secretId: { text: 'fake-wrong' } }))
  expect(await faultOf(() => at.store.check())).toMatchObject({ kind: 'signed_out' })
})

test('a token that was revoked is said to be, and the next one in its file is taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bir-vault-'))
  const file = join(folder, 'token')
  const mount = await vault.mount('2')
  const first = await vault.tokenOf('bir-control-plane', mount)
  writeFileSync(file, `${first}\n`)
  await using at = storeAt(vault.access(mount, { method: 'token', token: { file } }))
  await at.store.check()
  await vault.ask('POST', 'auth/token/revoke', { body: { token: first } })
  expect(await faultOf(() => at.store.read(aPlace()))).toMatchObject({ kind: 'signed_out' })
  writeFileSync(file, await vault.tokenOf('bir-control-plane', mount))
  expect(await at.store.read(aPlace())).toBeUndefined()
  rmSync(folder, { recursive: true })
})

test('a mount that is not there, and one that became another version, are told apart', async () => {
  await using nowhere = storeAt(vault.access('bir-test-nowhere'))
  expect(await faultOf(() => nowhere.store.check())).toMatchObject({ kind: 'wrong_mount' })

  const mount = await vault.mount('1')
  await using at = storeAt(vault.access(mount))
  await at.store.check()
  await vault.ask('DELETE', `sys/mounts/${mount}`)
  await vault.ask('POST', `sys/mounts/${mount}`, { body: { type: 'kv', options: { version: '2' } } })
  const place = aPlace()
  // The engine is looked for again: the secret is written as version 2 has it.
  await expect.poll(() => at.store.write(place, { token: 'fake-1' }, null).catch((error: Error) => error.message)).toBe('1')
  expect(await vault.ask('GET', `${mount}/data/bir/${secretPath(place)}`)).toMatchObject({ data: { data: { token: 'fake-1' } } })
})

test('a namespace of its own', async () => {
  const namespace = `bir-test-${Date.now()}`
  const made = await vault.ask('POST', `sys/namespaces/${namespace}`, { body: {} }).catch(() => undefined)
  if (!made) return expect.soft(TESTED_VAULT, 'this Vault has no namespaces').not.toContain('stand-in')
  const mount = await vault.mount('2', namespace)
  await using at = storeAt(vault.access(mount, undefined, { namespace }))
  const place = aPlace()
  await at.store.write(place, { token: 'fake-1' }, null)
  expect(await vault.ask('GET', `${mount}/data/bir/${secretPath(place)}`, { namespace })).toMatchObject({
    data: { data: { token: 'fake-1' } },
  })
  await using outside = storeAt(vault.access(mount))
  expect(await faultOf(() => outside.store.read(place))).toMatchObject({ kind: 'wrong_mount' })
})

const json = (body: object) => JSON.stringify(body)
test.for([
  ['sealed', 503, json({ errors: ['Vault is sealed'] }), 'sealed'],
  ['a standby that forwards nothing', 473, json({ errors: [] }), 'sealed'],
  ['a standby that redirects', 307, '', 'sealed'],
  ['a limit that is reached', 429, json({ errors: ['request path rate limit'] }), 'rate_limited'],
  ['a node that never catches up', 412, json({ errors: ['required index state not present'] }), 'service_error'],
  ['a web page', 200, '<html>Sign in</html>', 'service_error'],
  ['half an answer', 200, '{"data":', 'wrong_mount'],
] as const)('%s has its own answer, and nothing of a request in it', async ([, status, body, kind]) => {
  const canary = `fake-${aPlace().holder.kind}-canary-0123456789`
  const server = createServer((_, response) => {
    const type = body.startsWith('<') ? 'text/html' : 'application/json'
    response.writeHead(status, { 'content-type': type, location: 'https://elsewhere.example/v1/secret' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await using at = storeAt({ ...vault.access('secret', { method: 'token', token: { text: canary } }), address })
  const fault = await faultOf(() => at.store.write(aPlace(), { token: canary }, null))
  expect(fault).toMatchObject({ kind })
  expect(inspect([fault, logged], { depth: 9 })).not.toContain(canary)
  server.close()
})

test('a certificate that is not trusted, and nobody at the address, are told apart', async () => {
  const { createServer: createHttps } = await import('node:https')
  const { key, certificate: cert } = selfSigned()
  const server = createHttps({ key, cert }, (_, response) => response.end('{}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await using untrusted = storeAt({ ...vault.access('secret'), address: `https://127.0.0.1:${port}` })
  expect(await faultOf(() => untrusted.store.check())).toMatchObject({ kind: 'tls' })
  server.close()
  server.closeAllConnections()
  await using nobody = storeAt({ ...vault.access('secret'), address: 'http://127.0.0.1:1' })
  expect(await faultOf(() => nobody.store.check())).toMatchObject({ kind: 'unreachable', retryable: true })
})
