import { expect, test } from 'vitest'
import { aServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { neighbours } from '../testing/neighbours.ts'

const grants = { things: { user: [{ level: 'read' as const }] } }
const [client, victim] = ['203.0.113.7', '198.51.100.66']

test.for([
  ['x-forwarded-for', `${victim}, ${client}`, 'forwarded', `for=${victim}`],
  ['x-forwarded-for', client, 'forwarded', 'for=127.0.0.1'],
  ['forwarded', `for=${victim}, for="${client}:5123"`, 'x-forwarded-for', victim],
  ['forwarded', `for=${client}`, 'x-forwarded-for', '127.0.0.1'],
] as const)(
  'behind a proxy that writes %s: %s, the record of a call has the address that the proxy saw, whatever the client wrote',
  async ([forwardedHeader, value, foreign, written]) => {
    await using plane = await testPlane({ grants }, [aServer()], {}, undefined, { behindProxy: true, forwardedHeader })
    const call = async (headers: Record<string, string>) =>
      fetch(
        `${plane.url}/mcp/things`,
        modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {} }, { [forwardedHeader]: value, ...headers }),
      )
    await call({})
    await call({ [foreign]: written })
    const ips = () => plane.records().map(({ header }) => [header.outcome, header.ip])
    await expect.poll(ips).toEqual([
      ['answered', client],
      ['answered', client],
    ])
  },
)

test('a client that the trusted proxy does not tell is unknown in the record', async () => {
  await using plane = await testPlane({ grants }, [aServer()], {}, undefined, { behindProxy: true })
  for (const headers of [{ 'x-forwarded-for': 'unknown' }, { forwarded: `for=${client}` }, { 'x-forwarded-for': '127.0.0.1' }])
    await fetch(`${plane.url}/mcp/things`, modernRequest(undefined, 'tools/list', {}, headers))
  await expect.poll(() => plane.records().map(({ header }) => header.ip)).toEqual(['unknown', 'unknown', 'unknown'])
})

test('where no proxy is trusted, the record has the address of the connection', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  await fetch(`${plane.url}/mcp/things`, modernRequest(undefined, 'tools/list', {}, { 'x-forwarded-for': victim }))
  await expect.poll(() => plane.records().map(({ header }) => header.ip)).toEqual(['127.0.0.1'])
})

test('a request that another plane forwards is recorded with the address and the user agent of its client', async () => {
  await using planes = await neighbours({ grants }, [aServer()], {}, { behindProxy: true })
  const [home, other] = [await planes.start('home'), await planes.start('other')]
  const headers = { 'x-forwarded-for': client, 'user-agent': 'agent/1' }
  const token = await home.token()
  const opened = await fetch(`${home.url}/mcp/things`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }, headers))
  const session = { ...headers, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const answer = await fetch(`${other.url}/mcp/things`, legacyRequest(token, 'logging/setLevel', { level: 'info' }, session))
  expect(answer.status).toBe(200)
  const ofMethod = () => home.records().filter(({ header }) => header.method === 'logging/setLevel')
  await expect.poll(() => ofMethod().map(({ header }) => [header.ip, header.userAgent])).toEqual([[client, 'agent/1']])
})
