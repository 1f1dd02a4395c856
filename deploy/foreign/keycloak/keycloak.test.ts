import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { connect } from '../../e2e/clients.ts'
import { bootGateway } from '../../testing/boot-gateway.ts'
import type { Gateway } from '../../testing/boot-gateway.ts'
import { ScriptedBrowser } from '../../testing/browser/scripted-browser.ts'
import { dance } from '../../testing/browser/sign-in.ts'
import { FlowClient } from '../../testing/oauth/flow-client.ts'
import { missingParts, startKeycloak, VERSION } from './keycloak.ts'
import type { Keycloak } from './keycloak.ts'
import { CLIENT_ID, REALM, realmOf } from './realm.ts'

/** People of a real Keycloak sign in at the gateway: the whole product, and Keycloak in front of it. */

const missing = missingParts()
const provider = 'corp'
const redirectUri = 'http://127.0.0.1:49155/callback'
const clientSecret = randomBytes(24).toString('base64url')
const erin = { handle: 'erin', password: randomBytes(9).toString('base64url'), provider }
const pat = { handle: 'pat', password: randomBytes(9).toString('base64url'), provider }
let keycloak: Keycloak
let gateway: Gateway
let flow: FlowClient

beforeAll(async () => {
  if (missing) return
  ;[keycloak, gateway] = await Promise.all([startKeycloak(), bootGateway()])
  const { issuer, mcp } = gateway.endpoints
  await keycloak.admin(
    'POST',
    '/realms',
    realmOf({
      clientSecret,
      redirectUri: `${issuer}/oauth/callback/${provider}`,
      signedOutUri: `${issuer}/oauth/logout`,
      people: [
        { username: erin.handle, password: erin.password, name: 'Erin Keycloak', groups: ['bank-engineers', 'choir'], roles: [] },
        { username: pat.handle, password: pat.password, name: 'Pat Keycloak', groups: [], roles: ['gateway-admin'] },
      ],
    }),
  )
  writeSecret(clientSecret)
  await applyProvider()
  flow = await FlowClient.at(issuer, { redirectUri, resource: mcp })
})
afterAll(async () => {
  if (missing) return
  await gateway.stop()
  await keycloak.stop()
})

const writeSecret = (secret: string) => writeFileSync(join(gateway.home, 'secrets/corp-oidc'), secret, { mode: 0o600 })
const api = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
const newBrowser = () => new ScriptedBrowser({ stopsAt: (url) => url.href.startsWith(redirectUri) })

async function applyProvider(): Promise<void> {
  const corp = {
    title: 'The bank',
    issuer: `${keycloak.base}/realms/${REALM}`,
    clientId: CLIENT_ID,
    clientSecret: { secret: 'corp-oidc' },
    claims: [
      { groups: { from: 'groups', map: { 'bank-engineers': 'engineers' } }, roles: { from: 'roles', administrator: ['gateway-admin'] } },
    ],
  }
  await api().policy.apply({ file: { providers: { [provider]: corp } } })
}

/** A person signs in and consents; the client gets its tokens. */
async function tokensOf(person: typeof erin, browser = newBrowser()) {
  const begun = flow.begin()
  const end = await dance(browser, begun.url, person)
  const { tokens, body } = await flow.redeem(flow.codeOf(end.url, begun), begun)
  if (!tokens) throw new Error(body)
  return tokens
}

const skip = missing !== undefined
const title = (text: string) => (missing ? `${text} (skipped: ${missing})` : `${text} (Keycloak ${VERSION})`)

test.skipIf(skip)(title('a person signs in through the provider, and the groups that the rules name come along'), async () => {
  const tokens = await tokensOf(erin)
  await using client = await connect('modern', gateway.endpoints.mcp, tokens.access_token)
  const me = JSON.stringify(await client.call('meta_whoami'))
  expect(me).toContain('erin')
  expect(me).toContain('engineers')
  expect(me).not.toContain('choir')
  // What the group `engineers` was granted for.
  expect(await client.tools()).toContain('notes_create_note')
})

test.skipIf(skip)(title('a role of the provider makes an administrator, and taking it away unmakes one'), async () => {
  await tokensOf(pat)
  const isAdministrator = async () => (await api().users.get({ handle: 'pat' })).administrator
  expect(await isAdministrator()).toBe(true)
  const [user] = z.array(z.looseObject({ id: z.string() })).parse(await keycloak.admin('GET', `/realms/${REALM}/users?username=pat`))
  const role = await keycloak.admin('GET', `/realms/${REALM}/roles/gateway-admin`)
  await keycloak.admin('DELETE', `/realms/${REALM}/users/${user?.id}/role-mappings/realm`, [role])
  await tokensOf(pat)
  expect(await isAdministrator()).toBe(false)
})

test.skipIf(skip)(title('logout ends the session of the provider too: the next sign-in asks for the password'), async () => {
  const browser = newBrowser()
  await tokensOf(erin, browser)
  // Signed in already: neither the gateway nor Keycloak asks again.
  const again = await dance(browser, flow.begin().url, { ...erin, password: 'is not typed' })
  expect(again.url.searchParams.get('code')).toBeTruthy()

  const page = await browser.open(`${gateway.endpoints.issuer}/oauth/logout`)
  const form = page.forms.find(({ action }) => action.pathname === '/oauth/logout')
  const end = form ? await browser.submit(page, form) : page
  expect(end.url.origin).toBe(gateway.endpoints.issuer)
  const asked = await browser.open(flow.begin().url)
  const chosen = asked.forms.find(({ buttons }) => buttons.some(({ value }) => value === provider))
  const atKeycloak = chosen ? await browser.submit(asked, chosen, {}, provider) : asked
  expect(atKeycloak.url.origin).toBe(keycloak.base)
  expect(atKeycloak.forms[0]?.visible).toContain('password')
})

test.skipIf(skip)(title('after the provider has rotated its keys, people sign in as before'), async () => {
  const before = decodeJwt((await tokensOf(erin)).access_token).sub
  const realm = z.looseObject({ id: z.string() }).parse(await keycloak.admin('GET', `/realms/${REALM}`))
  await keycloak.admin('POST', `/realms/${REALM}/components`, {
    name: 'rotated',
    providerId: 'rsa-generated',
    providerType: 'org.keycloak.keys.KeyProvider',
    parentId: realm.id,
    config: { priority: ['1000'], algorithm: ['RS256'], enabled: ['true'], active: ['true'] },
  })
  const keys = z
    .array(z.looseObject({ id: z.string(), name: z.string() }))
    .parse(await keycloak.admin('GET', `/realms/${REALM}/components?type=org.keycloak.keys.KeyProvider`))
  const old = keys.find(({ name }) => name === 'rsa-generated')
  await keycloak.admin('DELETE', `/realms/${REALM}/components/${old?.id}`)
  expect(decodeJwt((await tokensOf(erin)).access_token).sub).toBe(before)
})

test.skipIf(skip)(title('a wrong client secret is said to be the administrator’s fault, and the right one mends it'), async () => {
  writeSecret('not-the-secret')
  const page = await dance(newBrowser(), flow.begin().url, erin)
  expect(page.url.origin).toBe(gateway.endpoints.issuer)
  expect(page.status, page.text).toBeGreaterThanOrEqual(500)
  expect(page.text).toMatch(/administrator/i)
  expect(page.text).not.toContain('not-the-secret')
  writeSecret(clientSecret)
  await tokensOf(erin)
})

test.skipIf(skip)(title('a provider that hangs, and one that is gone, are named to the person who comes back from it'), async () => {
  // Both have signed in at Keycloak already, and are on the way back.
  const [first, second] = [await onTheWayBack(), await onTheWayBack()]
  keycloak.pause()
  const hung = await first().finally(() => keycloak.goOn())
  expect(hung.status, hung.text).toBeGreaterThanOrEqual(500)
  expect(hung.text).toMatch(/does not answer|too long|in time/i)

  await keycloak.stop()
  const gone = await second()
  expect(gone.status, gone.text).toBeGreaterThanOrEqual(500)
  expect(gone.text).toContain(provider)
})

async function onTheWayBack() {
  const stopped = new ScriptedBrowser({ stopsAt: (url) => url.pathname.startsWith('/oauth/callback/') })
  const { url } = await dance(stopped, flow.begin().url, erin)
  return () => new ScriptedBrowser({ cookies: stopped.cookies }).open(url)
}
