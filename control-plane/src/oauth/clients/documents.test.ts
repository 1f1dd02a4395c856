import { expect, test } from 'vitest'
import { sweepDocuments } from './documents.ts'
import { aSite, clientsOfAGateway, sendJson } from './testing.ts'

const document = (clientId: string, more: object = {}) => ({
  client_id: clientId,
  client_name: 'An assistant',
  redirect_uris: ['http://localhost/callback', 'https://assistant.example/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  logo_uri: 'https://assistant.example/logo.png',
  ...more,
})

/** A site with a client's document, and a gateway whose policy lets it be fetched from there. */
async function aClientSite(more: object = {}, headers: Record<string, string> = {}) {
  const site = await aSite((request, response) => {
    if (headers['etag'] !== undefined && request.headers['if-none-match'] === headers['etag'])
      return void response.writeHead(304, headers).end()
    sendJson(response, document(`${site.url}${request.url}`, more), headers)
  })
  const gateway = await clientsOfAGateway()
  await gateway.policy({ metadataHosts: [site.host] })
  const age = (by: string) =>
    gateway.db
      .updateTable('client_documents')
      .set({ fresh_until: new Date(0), fetched_at: new Date(Date.now() - Number(by)) })
      .execute()
  return {
    site,
    gateway,
    clientId: `${site.url}/client.json`,
    /** What was fetched has been kept for so many ms, and is fresh no more. */
    age: (ms: number) => age(String(ms)),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    },
  }
}

test('a client whose id is the URL of its document is what the document says', async () => {
  await using it = await aClientSite()
  expect(await it.gateway.findClient(it.clientId)).toEqual({
    id: it.clientId,
    kind: 'document',
    name: 'An assistant',
    redirectUris: ['http://localhost/callback', 'https://assistant.example/callback'],
    grantTypes: ['authorization_code', 'refresh_token'],
    authMethod: 'none',
    host: it.site.host,
    isApproved: false,
  })
})

test('many who ask at once make one request; every replica uses its answer until it is old', async () => {
  await using it = await aClientSite()
  await Promise.all(Array.from({ length: 20 }, () => it.gateway.findClient(it.clientId)))
  await it.gateway.open().findClient(it.clientId)
  expect(it.site.requests).toHaveLength(1)
  expect(it.site.requests[0]?.headers).toMatchObject({ accept: 'application/json' })
  expect(it.site.requests.map(({ url }) => url)).toEqual(['/client.json'])
})

test('a document that is old is asked for again with its etag, and kept if it is the same', async () => {
  await using it = await aClientSite({}, { etag: '"one"', 'cache-control': 'max-age=600' })
  await it.gateway.findClient(it.clientId)
  await it.age(3_600_000)
  expect(await it.gateway.findClient(it.clientId)).toMatchObject({ name: 'An assistant' })
  expect(it.site.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"one"'])
  await it.gateway.findClient(it.clientId)
  expect(it.site.requests).toHaveLength(2)
})

test('while its site is away, a client goes on for a day, and then no more', async () => {
  await using it = await aClientSite()
  await it.gateway.findClient(it.clientId)
  await it.site[Symbol.asyncDispose]()
  await it.age(3_600_000)
  expect(await it.gateway.findClient(it.clientId)).toMatchObject({ name: 'An assistant' })
  await it.age(25 * 3_600_000)
  await expect(it.gateway.findClient(it.clientId)).rejects.toMatchObject({
    error: 'temporarily_unavailable',
    message: expect.stringMatching(
      /^The client metadata document cannot be used: its host cannot be reached from here, or has no public address\. .* "clients: { metadataDocuments: off }"/,
    ),
  })
})

test('with metadataDocuments: off nothing is fetched, and a document that is kept already counts no more', async () => {
  await using it = await aClientSite()
  await it.gateway.findClient(it.clientId)
  await it.gateway.policy({ metadataHosts: [it.site.host], metadataDocuments: 'off' })
  for (const clientId of [it.clientId, `${it.site.url}/other.json`, 'https://'])
    await expect(it.gateway.findClient(clientId)).rejects.toMatchObject({
      status: 401,
      error: 'invalid_client',
      reason: 'client-documents-off',
      message: expect.stringContaining('register the client'),
    })
  expect(it.site.requests).toHaveLength(1)
  await it.gateway.policy({ metadataHosts: [it.site.host] })
  expect(await it.gateway.findClient(it.clientId)).toMatchObject({ kind: 'document' })
})

test('a document that is gone ends the client, however long it was good for', async () => {
  let isGone = false
  await using site = await aSite((request, response) => {
    if (isGone) return void response.writeHead(404).end()
    sendJson(response, document(`${site.url}${request.url}`))
  })
  await using gateway = await clientsOfAGateway()
  await gateway.policy({ metadataHosts: ['127.0.0.1'] })
  await gateway.findClient(`${site.url}/c`)
  isGone = true
  await gateway.db
    .updateTable('client_documents')
    .set({ fresh_until: new Date(0) })
    .execute()
  await expect(gateway.findClient(`${site.url}/c`)).rejects.toMatchObject({ error: 'invalid_client' })
})

test('a failure is remembered for some seconds, so that it is not asked for again at once', async () => {
  await using site = await aSite((_, response) => void response.writeHead(500).end())
  await using gateway = await clientsOfAGateway()
  await gateway.policy({ metadataHosts: [site.host] })
  for (let times = 0; times < 5; times++)
    await expect(gateway.findClient(`${site.url}/c`)).rejects.toMatchObject({ error: 'temporarily_unavailable' })
  expect(site.requests).toHaveLength(1)
})

test('what was refused before the policy named the host is forgotten as soon as it does', async () => {
  await using site = await aSite((request, response) => sendJson(response, document(`${site.url}${request.url}`)))
  await using gateway = await clientsOfAGateway()
  const find = () => gateway.findClient(`${site.url}/c`)
  for (let times = 0; times < 2; times++) await expect(find()).rejects.toMatchObject({ reason: 'unreachable-client-document' })
  await gateway.policy({ metadataHosts: [site.host] })
  expect((await find()).name).toBe('An assistant')
})

test('a host is asked 30 times a minute at most, whatever path it is asked for', async () => {
  await using site = await aSite((_, response) => void response.writeHead(404).end())
  await using gateway = await clientsOfAGateway()
  await gateway.policy({ metadataHosts: [site.host] })
  const errors = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      gateway.findClient(`${site.url}/${n}`, `192.0.2.${n}`).then(
        () => '',
        (error: { error: string }) => error.error,
      ),
    ),
  )
  expect(site.requests.length).toBeLessThanOrEqual(30)
  expect(errors.filter((error) => error === 'slow_down').length).toBeGreaterThanOrEqual(10)
})

test.for([
  ['another client_id', { client_id: 'https://claude.ai/client.json' }, 'is not the URL of the document'],
  ['no name', { client_name: undefined }, 'has no client_name'],
  ['no redirect URI', { redirect_uris: undefined }, 'redirect_uris is needed'],
  ['a redirect URI that leads nowhere good', { redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris[0] has the scheme javascript:'],
  ['a method with a shared secret', { token_endpoint_auth_method: 'client_secret_basic' }, 'must be one of none, private_key_jwt'],
  ['a secret', { client_secret: 'x' }, 'holds a client secret'],
  ['a name that turns the text around', { client_name: 'Good\u202e' }, 'client_name holds characters that cannot be seen'],
] as const)('a document with %s makes no client', async ([, more, fault]) => {
  await using it = await aClientSite(more)
  await expect(it.gateway.findClient(it.clientId)).rejects.toMatchObject({
    status: 401,
    error: 'invalid_client',
    message: expect.stringContaining(fault),
  })
})

test.for([
  ['a redirect', (response) => response.writeHead(302, { location: 'https://claude.ai/client.json' }).end(), 'redirect'],
  ['HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{}'), 'not served as application/json'],
  ['no JSON', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{'), 'is not JSON'],
  [
    'too much',
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify('x'.repeat(11_000))),
    'is over 10240 bytes',
  ],
  [
    'what is compressed',
    (response) => response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('x'),
    'compressed',
  ],
  ['nothing at all', (response) => response.writeHead(204).end(), 'HTTP 204'],
] satisfies [
  string,
  Parameters<typeof aSite>[0] extends (request: never, response: infer R) => void ? (response: R) => unknown : never,
  string,
][])('a site that answers with %s gives no document', async ([, answer, fault]) => {
  await using site = await aSite((_, response) => void answer(response))
  await using gateway = await clientsOfAGateway()
  await gateway.policy({ metadataHosts: [site.host] })
  await expect(gateway.findClient(`${site.url}/c`)).rejects.toMatchObject({
    error: 'invalid_client',
    message: expect.stringContaining(fault),
  })
  expect(site.requests).toHaveLength(1)
})

const privateUrls = [
  'http://127.0.0.1:9/client.json',
  'https://127.0.0.1/client.json',
  'https://localhost/client.json',
  'https://[::1]/client.json',
  'https://10.0.0.1/client.json',
  'https://192.168.1.1/client.json',
  'https://172.16.0.1/client.json',
  'https://169.254.169.254/latest/meta-data',
  'https://100.100.100.200/x',
  'https://0.0.0.0/x',
  'https://[fd00::1]/x',
  'https://[fe80::1]/x',
  'https://[::ffff:7f00:1]/x',
  'https://[64:ff9b::a00:1]/x',
  'https://[2002:7f00:1::]/x',
]

test('no document is fetched from an address that is not public, however it is written', async () => {
  await using gateway = await clientsOfAGateway()
  for (const clientId of privateUrls)
    await expect(gateway.findClient(clientId), clientId).rejects.toMatchObject({
      error: 'temporarily_unavailable',
      reason: 'unreachable-client-document',
      message: expect.stringContaining('its host cannot be reached from here, or has no public address. '),
    })
})

const unfitIds = [
  ['http://assistant.example/client.json', 'its URL must be https://'],
  ['https://assistant.example', 'must be written as a browser writes it'],
  ['https://assistant.example/', 'has no path'],
  ['https://assistant.example/a/../client.json', 'must be written as a browser writes it'],
  ['https://assistant.example/a/%2e%2e/client.json', 'must be written as a browser writes it'],
  ['https://assistant.example/a%2fclient.json', 'has an encoded dot'],
  ['https://user@assistant.example/client.json', 'names a user'],
  ['https://assistant.example/client.json#x', 'has a fragment'],
  ['https://assistant.example:443/client.json', 'must be written as a browser writes it'],
  ['HTTPS://assistant.example/client.json', 'must be written as a browser writes it'],
  ['https://Assistant.example/client.json', 'must be written as a browser writes it'],
  [`https://assistant.example/${'a'.repeat(1000)}`, 'is longer than 1000 characters'],
] as const

test('a URL that two readers may read differently is the id of no client', async () => {
  await using gateway = await clientsOfAGateway()
  for (const [clientId, fault] of unfitIds)
    await expect(gateway.findClient(clientId), clientId).rejects.toMatchObject({
      error: 'invalid_client',
      message: expect.stringContaining(fault),
    })
})

test('a host that the policy names by its port is excepted at this port alone, and no exception reaches the addresses of clouds', async () => {
  await using it = await aClientSite()
  const [, port = ''] = it.site.host.split(':')
  await it.gateway.policy({ metadataHosts: [`127.0.0.1:${Number(port) + 1}`] })
  await expect(it.gateway.findClient(it.clientId)).rejects.toMatchObject({ message: expect.stringContaining('no public address') })
  await it.gateway.policy({ metadataHosts: ['169.254.169.254'] })
  await expect(it.gateway.findClient('https://169.254.169.254/latest')).rejects.toMatchObject({
    message: expect.stringContaining('no public address'),
  })
  expect(it.site.requests).toEqual([])
})

test('documents that nobody asks for are deleted', async () => {
  await using it = await aClientSite()
  await it.gateway.findClient(it.clientId)
  await sweepDocuments(it.gateway.db)
  expect(await it.gateway.db.selectFrom('client_documents').select('client_id').execute()).toHaveLength(1)
  await it.age(0)
  await sweepDocuments(it.gateway.db)
  expect(await it.gateway.db.selectFrom('client_documents').select('client_id').execute()).toEqual([])
})
