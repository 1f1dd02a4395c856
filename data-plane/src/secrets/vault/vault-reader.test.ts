import { randomUUID } from 'node:crypto'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { VaultAccess } from '@bir/sdk/vault/settings'
import { expect, test } from 'vitest'
import { serverOf } from '../../upstream/testing.ts'
import { aVault, realVault } from './testing.ts'
import { VaultReader } from './vault-reader.ts'

const id = '01985d50-0000-7000-8000-000000000001'
const place: SecretPlace = { holder: { kind: 'person', id }, server: 'gitlab' }
const path = `bir/people/${id}/gitlab`
const fields = { token: `not-a-token-${randomUUID()}` }

/** A reader of this Vault, and everything it logged. */
function aReader(url: string, secretId: string, more: Partial<VaultAccess> = {}) {
  const logged: unknown[] = []
  const auth = { method: 'approle' as const, mount: 'approle', roleId: 'plane', secretId: { text: secretId } }
  const access = { address: url, namespace: undefined, mount: 'secret', caFile: undefined, auth, ...more }
  const reader = new VaultReader(access, (...facts) => void logged.push(facts))
  return { read: () => reader.read(place), logged, [Symbol.asyncDispose]: () => reader.close() }
}

test.for([1, 2] as const)(
  'what lies in KV version %s is read, in the namespace, and what does not lie there is nothing',
  async (version) => {
    await using vault = await aVault({ version })
    await using given = aReader(vault.url, vault.state.secretId, { namespace: 'team/one' })
    expect(await given.read()).toBeUndefined()
    vault.values.set(path, fields)
    expect(await given.read()).toEqual(fields)
    expect(new Set(vault.heard.map(({ namespace }) => namespace))).toEqual(new Set(['team/one']))
    expect(vault.heard.filter(({ path: asked }) => asked.startsWith('secret/')).map(({ method }) => method)).toEqual(['GET', 'GET'])
    expect(vault.state.logIns).toBe(1)
  },
)

test('an engine that was upgraded from version 1 to 2 is read as it is now', async () => {
  await using vault = await aVault({ version: 1 })
  vault.values.set(path, fields)
  await using given = aReader(vault.url, vault.state.secretId)
  await given.read()
  vault.state.version = 2
  vault.state.instead = [404, { warnings: ['Invalid path for a versioned K/V secrets engine.'] }]
  await expect(given.read()).rejects.toThrow(/KV engine has another version/)
  vault.state.instead = undefined
  expect(await given.read()).toEqual(fields)
})

test('a plane whose token was revoked logs in anew, and the call does not notice', async () => {
  await using vault = await aVault()
  vault.values.set(path, fields)
  await using given = aReader(vault.url, vault.state.secretId)
  await given.read()
  vault.revokeAll()
  expect(await Promise.all([given.read(), given.read(), given.read()])).toEqual([fields, fields, fields])
  expect(vault.state.logIns).toBeLessThanOrEqual(4)
})

test('a token is renewed before its end; one that cannot be renewed is replaced', async () => {
  await using vault = await aVault({ leaseS: 0.1 })
  await using given = aReader(vault.url, vault.state.secretId)
  await given.read()
  await expect.poll(() => vault.state.renewals, { message: 'a renewal' }).toBeGreaterThan(1)
  expect(vault.state.logIns).toBe(1)
  vault.state.canRenew = false
  await expect.poll(() => vault.state.logIns, { message: 'another log-in' }).toBeGreaterThan(1)
})

test.for<[string, [number, unknown?, Record<string, string>?], RegExp]>([
  ['sealed', [503, { errors: ['Vault is sealed'] }], /sealed: unseal it/],
  ['a standby that sends us elsewhere', [307, undefined, { location: 'http://127.0.0.1:1/' }], /token goes to no other address/],
  ['a node that has not caught up', [412, { errors: ['required index state not present'] }], /not caught up/],
  ['a rate limit', [429, { errors: ['request path "secret": rate limit quota exceeded'] }], /fewer requests/],
  ['a policy that allows too little', [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }], /policy of our identity/],
  ['a web page', [200, '<html>log in</html>'], /web page/],
])('%s is said to be that, without a word of what was sent', async ([, instead, says]) => {
  await using vault = await aVault()
  vault.values.set(path, fields)
  await using given = aReader(vault.url, vault.state.secretId)
  await given.read()
  const [token] = vault.heard.flatMap(({ token }) => token ?? [])
  vault.state.instead = instead
  const error = await given.read().then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  )
  expect(error).toMatchObject({ name: 'StoreUnavailable', message: expect.stringMatching(says) as string })
  expect(error?.cause).toBeUndefined()
  const said = `${error?.message} ${error?.stack} ${JSON.stringify(given.logged)}`
  for (const secret of [token ?? '', vault.state.secretId, fields.token]) expect(said).not.toContain(secret)
  vault.state.instead = undefined
  expect(await given.read()).toEqual(fields)
})

test('something else in the secret is told apart from a store that is away, without a word of what was sent', async () => {
  await using vault = await aVault()
  await using given = aReader(vault.url, vault.state.secretId)
  vault.state.instead = [200, { data: { data: { token: 17_000_001 }, metadata: { version: 1 } } }]
  const error = await given.read().then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  )
  expect(error).toMatchObject({ name: 'ToolError', code: 'secret_invalid', message: expect.stringContaining('cannot be read') as string })
  expect(`${error?.message} ${error?.stack} ${JSON.stringify(given.logged)}`).not.toContain('17000001')
})

test('a wrong credential, a server that is away and one that says nothing are told apart', async () => {
  await using vault = await aVault()
  await using wrong = aReader(vault.url, 'another-secret-id')
  await expect(wrong.read()).rejects.toThrow(/refuses our log-in/)
  await using away = aReader('http://127.0.0.1:1', 'any')
  await expect(away.read()).rejects.toThrow(/cannot be reached \(ECONNREFUSED\)/)
  await using page = await serverOf((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
  await using strange = aReader(page.url, 'any')
  await expect(strange.read()).rejects.toThrow(/web page/)
})

test.skipIf(realVault.address === '')('a real server (BIR_TEST_VAULT_ADDR) is read: KV version 2 at the mount secret', async () => {
  const { address, token } = realVault
  const server = `reader-${randomUUID().slice(0, 8)}`
  const lies = { holder: { kind: 'shared' as const }, server }
  const at = `${address}/v1/secret/data/bir/shared/${server}`
  await fetch(at, { method: 'POST', headers: { 'x-vault-token': token }, body: JSON.stringify({ data: fields }) })
  const auth = { method: 'token' as const, token: { text: token } }
  const reader = new VaultReader({ address, namespace: undefined, mount: 'secret', caFile: undefined, auth }, () => undefined)
  expect(await reader.read(lies)).toEqual(fields)
  await fetch(at.replace('/data/', '/metadata/'), { method: 'DELETE', headers: { 'x-vault-token': token } })
  expect(await reader.read(lies)).toBeUndefined()
  await reader.close()
})
