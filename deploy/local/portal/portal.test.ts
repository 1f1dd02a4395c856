import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newPortalKey, portalKeyId } from '@bir/sdk/portal-key'
import { expect, test } from 'vitest'
import { aRunningControlPlane } from '../../../control-plane/src/internal/testing.ts'
import { prepareHome } from '../base/home.ts'
import { ensurePortalClient } from './client.ts'
import { ensurePortalKey } from './key.ts'

function aHome() {
  const home = mkdtempSync(join(tmpdir(), 'bir-portal-home-'))
  return { home, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) }
}

test('a home gets a key of the portal, readable by its owner alone, and keeps it; a damaged one is named', async () => {
  using it = aHome()
  const { portalKey } = prepareHome(it.home)
  const made = await ensurePortalKey(portalKey)
  expect(statSync(portalKey).mode & 0o777).toBe(0o600)
  expect(await ensurePortalKey(portalKey)).toEqual(made)
  expect(readFileSync(portalKey, 'utf8')).toContain(made.d)
  writeFileSync(portalKey, '{')
  await expect(ensurePortalKey(portalKey)).rejects.toThrow(/is damaged: remove it/)
})

test('the first start makes the client of the portal, later ones change nothing, and a new key takes the place of the old', async () => {
  await using control = await aRunningControlPlane()
  const client = control.client()
  const clients = async () => (await client.clients.list()).items
  const records = async () => (await client.audit.search({ kind: 'change' })).items.filter(({ method }) => method?.startsWith('clients.'))
  const key = await newPortalKey()
  expect(await ensurePortalClient(client, key)).toBeUndefined()
  const first = { clientId: 'portal', portal: true, keys: [await portalKeyId(key)], redirectUris: ['http://127.0.0.1/auth/callback'] }
  expect(await clients()).toMatchObject([first])

  const { revision } = await client.policy.version()
  await ensurePortalClient(client, key)
  expect(await clients()).toMatchObject([first])
  expect((await client.policy.version()).revision).toBe(revision)
  expect(await records()).toHaveLength(1)

  const other = await newPortalKey()
  await ensurePortalClient(client, other)
  expect(await clients()).toMatchObject([{ ...first, keys: [await portalKeyId(other)] }])
})

test('a portal whose codes went elsewhere is made anew; a client of that name that is no portal stays, and the start says so', async () => {
  await using control = await aRunningControlPlane()
  const client = control.client()
  const key = await newPortalKey()
  await ensurePortalClient(client, key)
  await client.clients.delete({ client: 'portal' })
  await client.clients.create({ name: 'x', handle: 'portal', redirectUris: ['https://elsewhere.example/cb'] })
  expect(await ensurePortalClient(client, key)).toContain('there is another client portal')
  await client.clients.delete({ client: 'portal' })
  const elsewhere = { name: 'x', portal: true, redirectUris: ['https://elsewhere.example/cb'] }
  const { keys } = { keys: [{ kty: key.kty, crv: key.crv, x: key.x, y: key.y }] }
  await client.clients.create({ ...elsewhere, jwks: { keys } })
  expect(await ensurePortalClient(client, key)).toBeUndefined()
  expect((await client.clients.list()).items).toMatchObject([{ name: 'Portal', redirectUris: ['http://127.0.0.1/auth/callback'] }])
})
