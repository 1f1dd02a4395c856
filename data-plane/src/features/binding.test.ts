import { bindingOf } from '@bir/sdk/binding'
import type { BindingMode } from '@bir/sdk/contract/settings'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { aServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'

const grants = { things: { user: [{ level: 'read' as const }] } }
const prefixes = { ipv4: 24, ipv6: 56 }
const home = { address: '203.0.113.7', userAgent: 'agent/1.0' }

const planeWith = (settings: object) => testPlane({ grants, settings }, [aServer()], {}, undefined, { behindProxy: true })

const tokenFor = async (plane: TestPlane, sender: { address: string; userAgent: string | undefined } = home) => {
  const sid = uuidv7()
  return plane.token({ sid, bnd: bindingOf(sid, sender, prefixes) })
}

/** Sends a request as somebody at that address, with that program. */
async function statusFrom(plane: TestPlane, token: string, address: string, userAgent: string, method = 'tools/list', params = {}) {
  const headers = { 'x-forwarded-for': address, 'user-agent': userAgent }
  return (await fetch(`${plane.url}/mcp/things`, modernRequest(token, method, params, headers))).status
}

const [sameNetwork, elsewhere] = ['203.0.113.99', '198.51.100.66']

test.for<[BindingMode, number, number, number, number]>([
  ['off', 200, 200, 200, 200],
  ['user-agent', 200, 200, 401, 401],
  ['ip', 200, 401, 200, 401],
  ['both', 200, 401, 401, 401],
])('with binding %s a stolen token is good where it should be, and nowhere else', async ([binding, atHome, away, other, thief]) => {
  await using plane = await planeWith({ binding })
  const token = await tokenFor(plane)
  expect(await statusFrom(plane, token, home.address, 'agent/1.0')).toBe(200)
  expect(await statusFrom(plane, token, sameNetwork, 'Agent/2.7 (an update)')).toBe(atHome)
  expect(await statusFrom(plane, token, elsewhere, 'agent/1.0')).toBe(away)
  expect(await statusFrom(plane, token, home.address, 'curl/8.5')).toBe(other)
  expect(await statusFrom(plane, token, elsewhere, 'curl/8.5')).toBe(thief)
})

test('a refusal says neither what the token is bound to nor what differs, and its record says what an administrator needs', async () => {
  await using plane = await planeWith({ binding: 'both' })
  const sid = uuidv7()
  const bnd = bindingOf(sid, home, prefixes)
  const token = await plane.token({ sid, bnd })
  const call = async (address: string, userAgent: string) => {
    const headers = { 'x-forwarded-for': address, 'user-agent': userAgent }
    const answer = await fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }, headers))
    return `${await answer.text()} ${answer.headers.get('www-authenticate')}`
  }
  const [network, product] = [await call(elsewhere, 'agent/1'), await call(home.address, 'curl/8')]
  expect(network).toBe(product)
  expect(network).toMatch(/This token was issued to another client, or to one in another network\. Sign in again/)
  for (const secret of [bnd?.ip, bnd?.ua, '203.0.113', 'agent']) expect(network).not.toContain(secret)
  await expect
    .poll(() => plane.records().map(({ header }) => [header.reason, header.handle, header.ip, header.detail]))
    .toEqual([
      [
        'binding-network',
        'alice',
        elsewhere,
        `the call was sent from the network 198.51.100.0/24; the token was issued to another network (session ${sid})`,
      ],
      [
        'binding-user-agent',
        'alice',
        home.address,
        `the call was sent by the product "curl"; the token was issued to another product (session ${sid})`,
      ],
    ])
})

test('a token of a program that names only its library is bound to what its first call sends', async () => {
  await using plane = await planeWith({ binding: 'user-agent' })
  const token = await tokenFor(plane, { ...home, userAgent: 'node' })
  expect(await statusFrom(plane, token, home.address, 'Assistant/3')).toBe(200)
  expect(await statusFrom(plane, token, home.address, 'assistant/4')).toBe(200)
  expect(await statusFrom(plane, token, home.address, 'node')).toBe(401)
})

test('streams, sessions and their ends are bound too', async () => {
  await using plane = await planeWith({ binding: 'ip' })
  const token = await tokenFor(plane)
  const at = (address: string) => ({ 'x-forwarded-for': address, 'user-agent': 'agent/1' })
  const url = `${plane.url}/mcp/things`
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }, at(home.address)))
  const session = {
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
  }
  for (const method of ['GET', 'DELETE']) expect((await fetch(url, { method, headers: { ...session, ...at(elsewhere) } })).status).toBe(401)
  expect((await fetch(url, { method: 'DELETE', headers: { ...session, ...at(home.address) } })).status).toBe(204)
})

test('IPv6 is compared by its own prefix, and IPv4 inside IPv6 as IPv4', async () => {
  await using plane = await planeWith({ binding: 'ip' })
  const six = await tokenFor(plane, { ...home, address: '2001:db8:1:200::7' })
  expect(await statusFrom(plane, six, '2001:db8:1:2ff:ffff::1', 'agent')).toBe(200)
  expect(await statusFrom(plane, six, '2001:db8:1:300::7', 'agent')).toBe(401)
  const four = await tokenFor(plane, { ...home, address: '::ffff:203.0.113.7' })
  expect(await statusFrom(plane, four, '203.0.113.8', 'agent')).toBe(200)
})

test('wider networks and another mode count from the next call on', async () => {
  await using plane = await planeWith({ binding: 'off' })
  const sid = uuidv7()
  const token = await plane.token({ sid, bnd: bindingOf(sid, home, { ipv4: 16, ipv6: 48 }) })
  expect(await statusFrom(plane, token, elsewhere, 'agent')).toBe(200)
  plane.use({ settings: { binding: 'ip', bindingNetwork: { ipv4: 16, ipv6: 48 } } })
  expect(await statusFrom(plane, token, elsewhere, 'agent')).toBe(401)
  expect(await statusFrom(plane, token, '203.0.7.7', 'agent')).toBe(200)
})

test('after bindingNetwork has changed, a token is refused for that, also in the audit, and its session goes on', async () => {
  await using plane = await planeWith({ binding: 'ip', bindingRevokes: 'on', bindingNetwork: { ipv4: 16, ipv6: 48 } })
  const sid = uuidv7()
  const token = await plane.token({ sid, bnd: bindingOf(sid, home, prefixes) })
  expect(await statusFrom(plane, token, sameNetwork, 'agent', 'tools/call', { name: 'get_thing', arguments: {} })).toBe(401)
  expect(plane.misused).toEqual([])
  await expect
    .poll(() => plane.records().map(({ header: { reason, detail } }) => [reason, detail]))
    .toEqual([
      ['binding-network', expect.stringMatching(/^the setting bindingNetwork has changed since the token was issued, .* a new token/)],
    ])
  expect(await statusFrom(plane, token, elsewhere, 'agent')).toBe(401)
  expect(plane.misused, 'a thief is a thief').toEqual([sid])
})

test('a token that is bound to nobody is good from anywhere in every mode', async () => {
  await using plane = await planeWith({ binding: 'both' })
  expect(await statusFrom(plane, await plane.token(), elsewhere, 'curl/8')).toBe(200)
})

test('a misused token ends its session only where the settings say so', async () => {
  await using plane = await planeWith({ binding: 'ip' })
  const sid = uuidv7()
  const token = await plane.token({ sid, bnd: bindingOf(sid, home, prefixes) })
  expect(await statusFrom(plane, token, elsewhere, 'agent')).toBe(401)
  expect(plane.misused).toEqual([])
  plane.use({ settings: { binding: 'ip', bindingRevokes: 'on' } })
  expect(await statusFrom(plane, token, elsewhere, 'agent')).toBe(401)
  expect(plane.misused).toEqual([sid])
})

test('a thief who calls very often fills no disk', async () => {
  await using plane = await planeWith({ binding: 'ip' })
  const token = await tokenFor(plane)
  const answers = await Promise.all(Array.from({ length: 100 }, () => statusFrom(plane, token, elsewhere, 'agent')))
  expect(new Set(answers)).toEqual(new Set([401]))
  const summed = () => plane.records().reduce((sum, { header }) => sum + (header.kind === 'refusals' ? (header.count ?? 0) : 1), 0)
  await expect.poll(summed).toBe(100)
  expect(plane.records().length).toBeLessThan(50)
})
