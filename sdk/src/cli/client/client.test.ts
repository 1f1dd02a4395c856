import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { Client } from '../../contract/entities.ts'
import { PortalKey, portalKeyId } from '../../portal-key.ts'
import { Refusal, standIn } from '../../testing.ts'
import { aFolder, at, bir } from '../testing.ts'

const made = { clientId: 'svc_1', handle: 'ci', clientSecret: 'shown-once' }
const row: z.input<typeof Client> = {
  clientId: 'svc_1',
  kind: 'service',
  handle: 'ci',
  name: 'ci',
  redirectUris: [],
  grantTypes: ['client_credentials'],
  authMethod: 'client_secret_basic',
  serviceAccount: 'ci',
  admitted: true,
  approved: false,
  madeBy: 'operator:root',
  madeAt: '2026-11-22T09:00:00Z',
  usedAt: null,
  until: null,
}

test('client create makes a service account with a client, or a client for people, and shows the secret once', async () => {
  const asked: object[] = []
  await using control = await standIn({ clients: { create: (input) => (asked.push(input), made) } })
  const { exit, out, err } = await bir(['client', 'create', 'ci', '--service-account'], at(control.url))
  expect([exit, out]).toEqual([0, 'client id      svc_1\nclient secret  shown-once\n'])
  expect(err).toContain('shown only now')
  expect(err).toContain('BIR_CLIENT_ID')
  const bye = ['--post-logout-redirect-uri', 'https://a.example/bye']
  const uris = ['--redirect-uri', 'https://a.example/cb', '--redirect-uri', 'https://b.example/cb']
  expect(JSON.parse((await bir(['client', 'create', 'Our Intranet', ...uris, '--secret', '--json'], at(control.url))).out)).toMatchObject(
    made,
  )
  await bir(['client', 'create', 'intranet', ...uris.slice(0, 2), ...bye, '--jwks-uri', 'https://a.example/jwks'], at(control.url))
  expect(asked).toEqual([
    { name: 'ci', handle: 'ci', serviceAccount: 'ci' },
    { name: 'Our Intranet', redirectUris: [uris[1], uris[3]], authMethod: 'client_secret_basic' },
    {
      name: 'intranet',
      handle: 'intranet',
      redirectUris: [uris[1]],
      postLogoutRedirectUris: [bye[1]],
      authMethod: 'private_key_jwt',
      jwksUri: 'https://a.example/jwks',
    },
  ])
})

test.for([
  [['x'], /Give --redirect-uri/],
  [['x', '--service-account', '--redirect-uri', 'https://a.example/cb'], /no browser/],
  [['x', '--service-account', '--post-logout-redirect-uri', 'https://a.example/'], /no browser/],
  [['Not A Handle', '--service-account'], /is no handle for a service account/],
  [['x', '--redirect-uri', 'https://a.example/cb', '--secret', '--jwks-uri', 'https://a.example/jwks'], /secret or with keys/],
  [['x', '--redirect-uri', 'https://a.example/cb', '--key-file', 'k.json'], /add --portal/],
  [['x', '--portal', '--service-account'], /acts for people/],
  [['x', '--portal', '--secret'], /a key that is made now/],
  [['x', '--portal', '--redirect-uri', 'https://a.example/cb'], /give --url/],
  [['x', '--portal', '--url', 'https://a.example/portal'], /--url takes the address/],
  [['x', '--portal', '--url', 'a.example'], /--url takes the address/],
] as const)('client create %j is refused before the gateway is asked', async ([args, says]) => {
  const { exit, err } = await bir(['client', 'create', ...args], at('http://127.0.0.1:9'))
  expect([exit, err]).toEqual([2, expect.stringMatching(says)])
})

test('client list shows clients, also one a line for scripts', async () => {
  const other = {
    ...row,
    clientId: 'c2',
    kind: 'registered' as const,
    handle: null,
    name: 'Cursor',
    serviceAccount: null,
    admitted: false,
    redirectUris: ['https://a.example/cb', 'cursor://a/cb'],
    madeBy: 'registration',
    usedAt: '2026-11-21T00:00:00Z',
  }
  const portal = { ...row, clientId: 'portal', kind: 'administered' as const, serviceAccount: null, portal: true, approved: true }
  const off = { ...row, clientId: 'svc_2', disabled: true }
  await using control = await standIn({ clients: { list: () => ({ items: [row, other, off, portal], next: null }) } })
  const { out } = await bir(['client', 'list'], at(control.url))
  expect(out).toMatch(
    /^client id +handle +name +kind +made by +last used +state +codes go to\nsvc_1 +ci +ci +service account ci +operator:root +never +ok +-\nc2 +- +Cursor +registered +registration +2026-11-21 +not admitted +https:\/\/a\.example\/cb cursor:\/\/a\/cb\nsvc_2 .* account disabled +-\nportal .* portal +operator:root .* approved +-\n$/,
  )
  const lines = (await bir(['client', 'list', '--json'], at(control.url))).out.trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as typeof row).clientId)).toEqual(['svc_1', 'c2', 'svc_2', 'portal'])
})

test('client approve says what people are asked from then on', async () => {
  const asked: object[] = []
  await using control = await standIn({ clients: { approve: (input) => (asked.push(input), { revision: 7 }) } })
  const { exit, out } = await bir(['client', 'approve', 'desk'], at(control.url))
  expect([exit, out]).toEqual([0, 'The client desk is approved: nobody is asked for consent.\n'])
  expect((await bir(['client', 'approve', 'desk', '--undo'], at(control.url))).out).toContain('asked for consent again')
  expect(JSON.parse((await bir(['client', 'approve', 'desk', '--json'], at(control.url))).out)).toEqual({ revision: 7 })
  expect(asked).toEqual([true, false, true].map((approved) => ({ client: 'desk', approved })))
  const seen = ['https://desk.example/cb', 'https://desk.example/other']
  await bir(['client', 'approve', 'desk', ...seen.flatMap((uri) => ['--redirect-uri', uri])], at(control.url))
  expect(asked.at(-1)).toEqual({ client: 'desk', approved: true, redirectUris: seen })
})

test('client rotate shows the new secret, and client delete says who enforces it', async () => {
  const asked: object[] = []
  await using control = await standIn({
    clients: { rotate: (input) => (asked.push(input), made), delete: (input) => (asked.push(input), { revision: 7 }) },
  })
  expect((await bir(['client', 'rotate', 'ci'], at(control.url))).out).toContain('client secret  shown-once')
  const { exit, out } = await bir(['client', 'delete', 'svc_1'], at(control.url))
  expect([exit, out]).toEqual([0, 'The client svc_1 is deleted, from revision 7 on. Enforced by 1 of 1 plane.\n'])
  expect(asked).toEqual([{ client: 'ci' }, { client: 'svc_1' }])
})

test('client create --portal keeps the private key in a file of its owner, and gives the gateway the public half alone', async () => {
  await using folder = await aFolder()
  const asked: { jwks?: { keys?: Record<string, string>[] } }[] = []
  const portal = { clientId: 'portal', handle: 'portal', clientSecret: null }
  const create = (input: object) => (asked.push(input), portal)
  await using control = await standIn({ clients: { create, rotate: create } })
  const where = { ...at(control.url), cwd: folder.path }
  const { exit, out, err } = await bir(['client', 'create', 'portal', '--portal', '--url', 'https://portal.example/'], where)
  const file = join(folder.path, 'portal-key.json')
  expect([exit, out]).toEqual([0, `client id      portal\nkey file       ${file}\n`])
  expect(err).toContain(`PORTAL_KEY_FILE=${file}, PORTAL_URL=https://portal.example,`)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const key = PortalKey.parse(JSON.parse(await readFile(file, 'utf8')))
  const { d: _, ...half } = { ...key, alg: 'ES256', use: 'sig', kid: await portalKeyId(key) }
  expect(asked).toEqual([
    {
      name: 'portal',
      handle: 'portal',
      portal: true,
      redirectUris: ['https://portal.example/auth/callback'],
      postLogoutRedirectUris: ['https://portal.example/'],
      jwks: { keys: [half] },
    },
  ])
  const renewed = await bir(['client', 'rotate', 'portal', '--key-file', 'new.json', '--json'], where)
  expect(JSON.parse(renewed.out)).toEqual({ ...portal, keyFile: join(folder.path, 'new.json') })
  expect(asked[1]?.jwks?.keys?.[0]?.['kid']).not.toBe(half.kid)
  expect(asked[1]?.jwks?.keys?.[0]).not.toHaveProperty('d')
})

test('the file of a key is never written over, and goes again where the gateway refuses the client', async () => {
  await using folder = await aFolder()
  let calls = 0
  const create = () => {
    calls++
    throw new Refusal('conflict', 'There is a client portal already.')
  }
  await using control = await standIn({ clients: { create } })
  const where = { ...at(control.url), cwd: folder.path }
  const refused = await bir(['client', 'create', 'portal', '--portal'], where)
  expect([refused.exit, refused.err, calls]).toEqual([1, expect.stringContaining('There is a client portal already'), 1])
  expect(await readdir(folder.path)).toEqual([])
  await writeFile(join(folder.path, 'portal-key.json'), 'of another')
  const kept = await bir(['client', 'create', 'portal', '--portal'], where)
  expect([kept.exit, kept.err, calls]).toEqual([2, expect.stringContaining('is there already'), 1])
  expect(await readFile(join(folder.path, 'portal-key.json'), 'utf8')).toBe('of another')
})
