import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { ApiError } from '../base/api-error.ts'
import { cursorOf } from '../base/paging.ts'
import { perform, procedures } from '../base/perform.ts'
import type { OperationPath } from '../base/perform.ts'
import { aControlPlane } from '../testing.ts'
import { operations } from './operations.ts'

const id = '0193f0e8-7b7a-7c3e-8a10-2f8a5b1c9d00'
const grant = {
  user: 'alice',
  server: 'sql',
  level: 'read',
  tools: { allow: ['execute_query'], deny: ['drop_table'] },
  expires: '2999-01-31T00:00:00Z',
}
const restriction = {
  user: 'alice',
  server: 'sql',
  connection: 'bank',
  allow: ['public.t'],
  deny: ['public.u'],
  hide: { 'public.t': ['a'] },
  mask: { 'public.t': ['b'] },
  maxRows: 5,
  timeoutMs: 1000,
}
const mounted = {
  kind: 'mounted',
  title: 'SQL',
  settings: { connections: { bank: { host: 'db' } } },
  tools: { drop_table: { level: 'destroy' } },
}
const remote = {
  kind: 'remote',
  title: 'Things',
  url: 'https://things.example.com/mcp',
  headers: { 'x-team': 'data' },
  callTimeoutMs: 1000,
}
const file = {
  servers: { sql: mounted, things: remote },
  serviceAccounts: { ci: { title: 'Pipeline', administrator: false } },
  groups: { staff: { title: 'Staff', members: ['alice'] } },
  grants: [grant, { service: 'ci', server: 'sql', level: 'read' }],
  restrictions: [restriction],
  settings: { truncateChars: 5000 },
  providers: {
    corp: {
      issuer: 'https://idp.example',
      clientId: 'bir',
      domains: ['bank.example'],
      claims: [{ handle: '{email|local}', groups: { from: 'g', map: { a: 'b' } } }],
    },
  },
  clients: {
    allow: 'listed',
    listed: ['c-1'],
    domains: ['*.example.com'],
    approved: ['claude.ai'],
    metadataHosts: ['127.0.0.1:4000'],
    metadataDocuments: 'on',
  },
}
const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
const page = { first: 10, after: cursorOf(id) }

/** An input of every operation that is good. An operation that is missing here does not compile. */
const goodInputs: Record<OperationPath, Record<string, unknown>> = {
  'users.list': { first: 10, after: cursorOf('alice'), search: 'al' },
  'users.me': {},
  'users.get': { handle: 'alice' },
  'users.put': { handle: 'alice', provider: 'demo', subject: 'subject-of-alice', name: 'Alice', email: 'alice@example.com' },
  'users.setDisabled': { handle: 'alice', disabled: false },
  'serviceAccounts.list': { first: 10, after: cursorOf('a') },
  'serviceAccounts.put': { handle: 'ci', title: 'Pipeline', administrator: false },
  'groups.list': { first: 10, after: cursorOf('a') },
  'groups.put': { handle: 'staff', title: 'Staff', members: ['alice'] },
  'groups.addMembers': { handle: 'staff', members: ['alice'] },
  'groups.removeMembers': { handle: 'staff', members: ['alice'] },
  'groups.delete': { handle: 'nobody' },
  'grants.list': { ...page, user: 'alice', server: 'sql' },
  'grants.create': grant,
  'grants.delete': { id },
  'restrictions.list': { ...page, server: 'sql' },
  'restrictions.create': restriction,
  'restrictions.delete': { id },
  'selections.get': { user: 'alice' },
  'selections.set': { user: 'alice', server: 'sql', level: 'read', off: ['drop_table'] },
  'servers.list': {},
  'servers.put': { ...remote, id: 'things', trust: 'hold' },
  'servers.delete': { id: 'nothing' },
  'servers.kill': { id: 'sql', killed: false },
  'servers.health': { id: 'things' },
  'servers.definitions': { id: 'things' },
  'servers.approve': { id: 'things', names: ['echo'], seen: { echo: 'k3v7abcd' } },
  'settings.get': {},
  'settings.put': { truncateChars: 5000 },
  'policy.apply': { file },
  'policy.plan': { file },
  'policy.version': {},
  'policy.export': {},
  'policy.explain': { user: 'alice', server: 'sql', tool: 'execute_query' },
  'providers.list': {},
  'providers.test': { provider: 'corp', claims: { sub: 's', preferred_username: 'alice', groups: ['a'], roles: ['x'] } },
  'clients.list': { first: 10, after: cursorOf('c'), kind: 'registered' },
  'clients.create': {
    name: 'Desk',
    handle: 'desk',
    redirectUris: ['https://desk.example/cb'],
    postLogoutRedirectUris: ['https://desk.example/'],
    authMethod: 'private_key_jwt',
    jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] },
  },
  'clients.rotate': { client: 'nobody' },
  'clients.approve': { client: 'nobody', approved: true },
  'clients.delete': { client: 'nobody' },
  'personalTokens.create': { name: 'laptop', user: 'alice', servers: ['sql'], networks: ['10.0.0.0/8', '2001:db8::1'], until: inAnHour },
  'personalTokens.list': { ...page, user: 'alice' },
  'personalTokens.revoke': { id },
  'own.servers': {},
  'own.activity': { ...page, server: 'sql', outcome: 'answered' },
  'own.clients': {},
  'secrets.put': { server: 'sql', user: 'alice', fields: { password: 'fake-1' }, unchecked: false },
  'secrets.check': { server: 'sql', group: 'staff' },
  'secrets.delete': { server: 'sql', shared: true },
  'secrets.erase': { user: 'alice' },
  'secrets.list': { ...page, user: 'alice', server: 'sql', state: 'missing' },
  'secrets.form': { server: 'sql', shared: true },
  'secrets.forms': { user: 'alice' },
  'secrets.history': { ...page, server: 'sql', user: 'alice' },
  'secrets.import': { from: 'consul:mcp/', cursor: 'mcp/a', limit: 5, dryRun: true },
  'sessions.list': { ...page, user: 'alice' },
  'sessions.end': { sid: '01a2237b-7af3-7487-a2b2-2fb8cce680d0' },
  'tokens.revoke': { jti: '01a2237b-7ff3-7093-91e8-aedd233c79cd', sid: '01a2237b-7af3-7487-a2b2-2fb8cce680d0' },
  'audit.search': {
    first: 10,
    after: cursorOf(`2026-11-22T08:00:00Z ${id} 7`),
    id,
    token: id,
    session: id,
    user: 'alice',
    server: 'sql',
    tool: 'x',
    outcome: 'answered',
    reason: 'r',
    kind: 'call',
    since: '2026-11-22T08:00:00Z',
    until: '2026-11-23T08:00:00Z',
  },
  'audit.chains': {},
  'audit.chain': { plane: id, afterSeq: 0, first: 10 },
  'planes.list': {},
  'planes.expel': { id },
  'planes.forget': { id },
  'planes.invite': { name: 'plane-2', uses: 3, until: inAnHour },
  'planes.lines': { ...page, open: true },
  'planes.revokeLine': { id },
  'snapshot.status': {},
}

const hostileTexts = [
  '',
  'a\0b',
  '\ud800',
  'x\udc00y',
  '\u202e%_\\\'"; drop table users --',
  randomBytes(8_000).toString('hex'),
  randomBytes(100_000).toString('hex'),
  '__proto__',
  '+300000-01-01T00:00:00Z',
  '9999-12-31T23:59:59+23:59',
  '0000-01-01T00:00:00Z',
  '2026-02-31T00:00:00Z',
  'not-a-uuid',
  cursorOf('a\0b'),
  cursorOf('not a uuid'),
  cursorOf(`+275760-09-13T00:00:00.000Z ${id} 7`),
  cursorOf(`yesterday ${id} 7`),
  cursorOf('2026-11-22T08:00:00Z nothing 7'),
  cursorOf(`2026-11-22T08:00:00Z ${id} ${'9'.repeat(40)}`),
]
const hostileNumbers = [-1, 0, 1.5, Number.NaN, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e308]
const deep: unknown = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)

/** The input with each of its values, one at a time, replaced by what no honest caller sends; names too. */
function* spoilt(value: unknown): Generator {
  if (typeof value === 'string') yield* hostileTexts
  if (typeof value === 'number') yield* hostileNumbers
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const replaced = (other: unknown) => (Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other })
    for (const other of spoilt(inner)) yield replaced(other)
    yield replaced(deep)
    const names = Array.isArray(value) ? [] : hostileTexts
    for (const name of names) yield { ...value, [name]: inner }
  }
}

test.for(procedures.map((procedure) => [procedure.path, procedure] as const))(
  'hostile input of %s is refused as the mistake of its caller, or done',
  async ([path, procedure]) => {
    await using it = await aControlPlane()
    await it.aPerson('alice')
    await it.applied({
      servers: {
        sql: { kind: 'mounted', settings: { connections: { bank: { password: { secret: 'password', of: 'person' } } } } },
        things: { kind: 'remote', url: remote.url },
      },
    })
    const run = (input: unknown) => perform(operations, it.ctx, procedure, input)
    const good = await run(goodInputs[path]).catch((error: unknown) => ApiError.from(error).code)
    expect(['internal', 'invalid_input']).not.toContain(good)
    for (const input of spoilt(goodInputs[path])) {
      const failed = await run(input).then(
        () => undefined,
        (error: unknown) => ApiError.from(error),
      )
      if (failed?.code === 'internal') expect.fail(`${String(failed.cause)} for ${JSON.stringify(input).slice(0, 300)}`)
    }
  },
)

test('what cannot be stored is named, with its place', async () => {
  await using it = await aControlPlane()
  const refused = (path: OperationPath, input: unknown) => {
    const procedure = procedures.find((one) => one.path === path)
    return expect(procedure && perform(operations, it.ctx, procedure, input)).rejects
  }
  const nul = { code: 'invalid_input', message: 'search: a text may not hold the character U+0000.' }
  await refused('users.list', { search: 'a\0' }).toMatchObject(nul)
  await refused('audit.search', { user: 'a\0' }).toMatchObject({ code: 'invalid_input' })
  await refused('policy.apply', { file: { groups: { staff: { title: '\ud800', members: [] } } } }).toMatchObject({
    message: 'file.groups.staff.title: a text may not hold half of a character (a lone surrogate).',
  })
  await refused('servers.put', { id: 'sql', kind: 'mounted', settings: { 'a\0': 1 } }).toMatchObject({
    message: 'settings: a name may not hold the character U+0000.',
  })
  for (const section of ['servers', 'users', 'groups'])
    await refused('policy.apply', { file: JSON.parse(`{"${section}":{"__proto__":{}}}`) as unknown }).toMatchObject({
      message: `file.${section}: a name may not be __proto__.`,
    })
  for (const after of ['AA', cursorOf('x')])
    await refused('grants.list', { after }).toMatchObject({ code: 'invalid_input', message: 'after: this is no cursor of ours' })
})
