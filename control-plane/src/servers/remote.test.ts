import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { policyName } from '@bir/sdk/policy-name'
import { expect, test } from 'vitest'
import { aTool, reported } from '../definitions/testing.ts'
import { apply } from '../policy/apply.ts'
import { explain } from '../policy/explain.ts'
import { exportPolicy } from '../policy/export.ts'
import { plan } from '../policy/plan.ts'
import { aControlPlane } from '../testing.ts'
import { list, put } from './servers.ts'

const url = 'https://tools.example.com/mcp'
const file = PolicyFile.parse({
  servers: {
    everything: {
      kind: 'remote',
      url,
      title: 'Everything',
      headers: { Authorization: { secret: 'everything-token' } },
      trust: 'hold',
      era: 'auto',
      tools: { frobnicate: { level: 'read' }, add: { hidden: true } },
    },
    sql: { kind: 'mounted' },
  },
  grants: [{ everyone: true, server: 'everything', level: 'read', tools: { allow: ['echo', 'frobnicate', 'delete_all'] } }],
})
const tools = [aTool('echo'), aTool('add'), aTool('frobnicate'), aTool('delete_all')]

test('a remote server is listed with its settings, the names of its secrets, and the levels of its tools', async () => {
  await using it = await aControlPlane()
  await apply(it.ctx, { file })
  await reported(it.ctx, tools, url)
  expect((await list(it.ctx)).items[0]).toEqual({
    id: 'everything',
    kind: 'remote',
    title: 'Everything',
    killed: false,
    remote: {
      url,
      headers: { Authorization: { secret: 'everything-token' } },
      era: 'auto',
      trust: 'hold',
      maxResponseBytes: 16_777_216,
      privateNetwork: true,
    },
    tools: [
      { name: 'add', level: 'write', declared: 'write', labelled: false, hidden: true, trust: 'approved' },
      { name: 'delete_all', level: 'destroy', declared: 'destroy', labelled: false, hidden: false, trust: 'approved' },
      { name: 'echo', level: 'read', declared: 'read', labelled: false, hidden: false, trust: 'approved' },
      { name: 'frobnicate', level: 'read', declared: 'destroy', labelled: true, hidden: false, trust: 'approved' },
    ],
  })
})

test('an exported remote server changes nothing when applied, and a written default is not stored', async () => {
  await using it = await aControlPlane()
  await apply(it.ctx, { file })
  await reported(it.ctx, tools, url)
  const exported = PolicyFile.parse(JSON.parse(JSON.stringify(await exportPolicy(it.ctx))))
  const { era: _, ...given } = { ...file.servers?.everything } as Record<string, unknown>
  expect(exported.servers?.everything).toEqual(given)
  expect((await apply(it.ctx, { file: exported })).edits).toEqual([])
  expect((await apply(it.ctx, { file })).edits).toEqual([])

  const servers = { ...exported.servers, everything: { ...given, callTimeoutMs: 5000, trust: 'warn' } }
  const { edits } = await apply(it.ctx, { file: PolicyFile.parse({ servers }) })
  expect(edits).toEqual(['change server everything: callTimeoutMs, trust'])
  expect((await list(it.ctx)).items[0]?.tools).toHaveLength(4)
})

test('a plan says who gains and loses access to the known tools of a remote server', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await apply(it.ctx, { file })
  await reported(it.ctx, tools, url)
  const everything = { kind: 'remote' as const, url, trust: 'hold' as const }
  expect((await plan(it.ctx, { file: { servers: { everything, sql: { kind: 'mounted' } } } })).people).toEqual([
    { user: 'alice', server: 'everything', gains: [], loses: ['frobnicate'], before: 'read', after: 'read', unseen: false },
  ])
  const moved = { ...everything, url: 'https://elsewhere.example.com/mcp' }
  expect((await plan(it.ctx, { file: { servers: { everything: moved, sql: { kind: 'mounted' } } } })).people).toMatchObject([
    { gains: ['delete_all', 'echo', 'frobnicate'], loses: ['echo', 'frobnicate'], after: 'read', unseen: true },
  ])

  await reported(it.ctx, [...tools.slice(1), aTool('get_more')], url)
  await apply(it.ctx, { file: { grants: [{ everyone: true, server: 'everything', level: 'read' }] } })
  const warn = { ...everything, trust: 'warn' as const }
  expect((await plan(it.ctx, { file: { servers: { everything: warn, sql: { kind: 'mounted' } } } })).people).toMatchObject([
    { gains: ['get_more'], loses: ['frobnicate'] },
  ])
})

test('a plan predicts, as far as possible, what a grant opens on a server that the same file registers', async () => {
  await using it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol']) await it.aPerson(handle)
  const tools = { wipe: { hidden: true }, mend: { level: 'destroy' as const } }
  const servers = { everything: { kind: 'remote' as const, url, tools } }
  const grants = [
    { user: 'alice', server: 'everything', level: 'write' as const },
    { user: 'bob', server: 'everything', level: 'read' as const, tools: { allow: ['echo', 'wipe', 'mend'] } },
    { user: 'carol', server: 'everything', level: 'disabled' as const },
  ]
  const unknown = { server: 'everything', loses: [], before: 'disabled', unseen: true }
  expect((await plan(it.ctx, { file: { servers, grants } })).people).toEqual([
    { user: 'alice', gains: ['*'], after: 'write', ...unknown },
    { user: 'bob', gains: ['echo'], after: 'read', ...unknown },
  ])
  await apply(it.ctx, { file: { servers, grants } })
  expect((await plan(it.ctx, { file: { grants: [] } })).people).toMatchObject([
    { user: 'alice', loses: ['*'], after: 'disabled', unseen: true },
    { user: 'bob', loses: ['echo'], after: 'disabled', unseen: true },
  ])
  await reported(it.ctx, [aTool('echo'), aTool('wipe')], url)
  expect((await plan(it.ctx, { file: { grants: [] } })).people).toMatchObject([
    { user: 'alice', loses: ['echo'], unseen: false },
    { user: 'bob', loses: ['echo'], unseen: false },
  ])
})

test('a plan predicts the tools of a server with a new id by those of its old id', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await apply(it.ctx, { file })
  await reported(it.ctx, tools, url)
  const grants = [{ everyone: true as const, server: 'all', level: 'read' as const }]
  const { people } = await plan(it.ctx, { file: { servers: { all: { kind: 'remote', url } }, grants } })
  expect(people).toEqual([
    { user: 'alice', server: 'all', gains: ['echo'], loses: [], before: 'disabled', after: 'read', unseen: false },
    { user: 'alice', server: 'everything', gains: [], loses: ['echo', 'frobnicate'], before: 'read', after: 'disabled', unseen: false },
  ])
})

test('an explanation knows a tool by the name that its server gives it, and by that of the policy', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await apply(it.ctx, { file })
  const inPolicy = policyName('repo/list')
  await reported(it.ctx, [...tools, aTool(inPolicy)], url)
  for (const tool of ['repo/list', inPolicy]) {
    const { missing, needs, because } = await explain(it.ctx, { user: 'alice', server: 'everything', tool })
    expect({ missing, needs }).toEqual({ missing: null, needs: 'destroy' })
    expect(because).toContainEqual(expect.stringContaining(`The tool ${inPolicy} needs destroy`))
  }
  expect(await explain(it.ctx, { user: 'alice', server: 'everything', tool: 'repo/lost' })).toMatchObject({ missing: 'tool' })
})

test('an explanation says where a level comes from and whether a tool is held back', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await apply(it.ctx, { file })
  await reported(it.ctx, tools.slice(0, 3), url)
  await reported(it.ctx, tools, url)
  const asked = (tool: string) => explain(it.ctx, { user: 'alice', server: 'everything', tool })
  expect(await asked('echo')).toMatchObject({ allow: true, needs: 'read' })
  expect((await asked('echo')).because).toContain('The tool echo needs read, as its hints and its name tell.')
  expect((await asked('frobnicate')).because).toContain(
    "The tool frobnicate needs read, by an administrator's label; its hints and its name tell destroy.",
  )
  expect(await asked('delete_all')).toMatchObject({ allow: false, reason: 'unknown-tool' })
  expect((await asked('delete_all')).because).toContain(
    'The server everything offers delete_all, which is held back until an administrator approves it.',
  )
})

test('a server that the gateway can mount cannot be registered as remote', async () => {
  await using it = await aControlPlane()
  const faulty = put(it.ctx, { id: 'sql', kind: 'remote', url, tools: { x: { level: 'disabled' } } })
  await expect(faulty).rejects.toMatchObject({
    code: 'invalid_input',
    message: [
      "sql is a server of the gateway's own: say kind: mounted, or take another id",
      'tool x: no tool needs the level disabled; say hidden: true to take it away',
    ].join('\n'),
  })
})

test.for([
  [{ url: 'http://2130706433/mcp', privateNetwork: false }, '127.0.0.1 is not of the open internet'],
  [{ url: 'http://localhost:3001/mcp', privateNetwork: false }, 'localhost is not of the open internet'],
  [{ url: 'http://169.254.169.254/mcp' }, "169.254.169.254 is where a cloud hands out a machine's credentials"],
] as const)('an address that no plane would connect to is refused at registration: %j', async ([given, words]) => {
  await using it = await aControlPlane()
  const server = { kind: 'remote' as const, ...given }
  await expect(put(it.ctx, { id: 'inner', ...server })).rejects.toMatchObject({ message: expect.stringContaining(`url: ${words}`) })
  await expect(apply(it.ctx, { file: { servers: { inner: server } } })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(`servers.inner: url: ${words}`),
  })
})

test('a restriction on a remote server is refused: it has no connections', async () => {
  await using it = await aControlPlane()
  const restrictions = [{ everyone: true as const, server: 'everything', connection: 'bank', allow: ['*.*'] }]
  await expect(apply(it.ctx, { file: { ...file, restrictions } })).rejects.toMatchObject({
    message: 'restrictions[0]: the server everything has no connections to restrict',
  })
})
