import { expect, test } from 'vitest'
import { aSignInGateway, anAuthorization, registered, signedIn, TestBrowser, tokens } from './testing.ts'

type Gateway = Awaited<ReturnType<typeof aSignInGateway>>
const clientId = 'https://assistant.example/client.json'

async function takesDocuments({ control }: Gateway): Promise<unknown[]> {
  const names = ['oauth-authorization-server', 'openid-configuration']
  const documents = await Promise.all(names.map(async (name) => (await control.get(`/.well-known/${name}`)).json()))
  return documents.map((document) => (document as Record<string, unknown>)['client_id_metadata_document_supported'])
}

test('with metadataDocuments: off the metadata says so, a URL is no client id, and clients register themselves', async () => {
  await using gateway = await aSignInGateway()
  const api = gateway.control.client()
  expect(await takesDocuments(gateway)).toEqual([true, true])
  await api.policy.apply({ file: { clients: { metadataDocuments: 'off' } } })
  expect(await takesDocuments(gateway)).toEqual([false, false])

  const { status, html } = await new TestBrowser(gateway).go(anAuthorization(clientId).path)
  expect([status, html.includes('has to register here'), html.includes('assistant.')]).toEqual([403, true, true])
  const { items } = await api.audit.search({ reason: 'client-documents-off' })
  expect(items).toMatchObject([{ method: 'oauth/authorize', outcome: 'refused', client: clientId }])
  const refreshed = await tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' })
  expect([refreshed.status, refreshed.body.error]).toEqual([401, 'invalid_client'])
  expect((await signedIn(gateway, { clientId: await registered(gateway) })).status).toBe(200)

  await api.policy.apply({ file: { clients: {} } })
  expect(await takesDocuments(gateway)).toEqual([true, true])
})

test('who cannot reach the site of a document is told what lets clients do without', async () => {
  await using gateway = await aSignInGateway()
  const { html } = await new TestBrowser(gateway).go(anAuthorization('https://assistant.invalid/client.json').path)
  expect(html).toContain('metadataDocuments: off')
  expect(html.includes('no-internet.bir.yaml')).toBe(true)
})
