import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql'
import { expect, test } from 'vitest'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { aTool, reported } from '../../definitions/testing.ts'
import { operations } from '../operations.ts'
import { procedures } from '../../base/perform.ts'
import { aControlPlane } from '../../testing.ts'
import { graphqlHandler } from './handler.ts'
import { FIELD_NAMES } from './names.ts'
import { schemaOf } from './schema.ts'

const schema = schemaOf(operations)

/** No browser has a session. */
const nobody = {
  origin: 'http://gateway.test',
  read: async () => ({ session: undefined }),
  refuse: () => expect.unreachable(),
  ctxOf: () => expect.unreachable(),
}

async function serving(ctx: Ctx, { graphiql = false } = {}) {
  const reported: unknown[] = []
  const ctxOf = async ({ headers }: IncomingMessage) => {
    if (headers.authorization === 'Bearer admin') return ctx
    throw new ApiError('unauthenticated', 'Sign in and try again.')
  }
  const server = createServer(
    graphqlHandler(operations, { ctxOf, report: (error) => void reported.push(error), ...(graphiql && { page: nobody }) }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/graphql`
  const ask = async (query: string, variables: object = {}, bearer = 'admin') => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    return { status: response.status, body: await response.json() }
  }
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()))
  return { url, ask, reported, [Symbol.asyncDispose]: stop }
}

test('the public schema equals the committed schema.graphql', async () => {
  await expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toMatchFileSnapshot('../../../schema.graphql')
})

test('every operation of the contract is a field of Query or Mutation', () => {
  const fields = [...Object.keys(schema.getQueryType()?.getFields() ?? {}), ...Object.keys(schema.getMutationType()?.getFields() ?? {})]
  expect(fields.sort()).toEqual(Object.values(FIELD_NAMES).sort())
  for (const { path, kind } of procedures) {
    const type = kind === 'query' ? schema.getQueryType() : schema.getMutationType()
    expect(type?.getFields(), path).toHaveProperty(FIELD_NAMES[path])
  }
})

test('all fields of a mutation are returned by the query', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const made = await served.ask(`mutation {
    putUser(input: { handle: "alice", provider: "demo", subject: "1", name: null }) { handle name groups }
    putServer(input: { id: "sql", kind: "mounted", settings: { connections: { bank: {} } }, tools: { drop_table: { hidden: true } } }) { title settings }
    putGroup(input: { handle: "staff", members: ["alice"] }) { members }
    createGrant(input: { group: "staff", server: "sql", level: read, tools: { deny: ["execute_query"] }, expires: "2999-01-31T00:00:00Z" }) { level tools { allow deny } }
    createRestriction(input: { everyone: true, server: "sql", connection: "bank", allow: ["nowhere"] }) { allow }
    setSelection(input: { user: "alice", server: "sql", level: read }) { servers }
    putSettings(input: { truncateChars: 5000 }) { truncateChars rateBurst staleReadMs }
  }`)
  expect(made).toMatchObject({ body: { errors: [{ path: ['createRestriction'], extensions: { code: 'invalid_input' } }] } })

  const { body } = await served.ask(`{
    user(handle: "alice") { handle name groups }
    servers { id settings tools { name level hidden } }
    groups { edges { node { handle members title } } }
    grants(group: "staff") { edges { node { group user level expires tools { allow deny } } } pageInfo { hasNextPage endCursor } }
    selections(user: "alice") { servers }
    settings { truncateChars rateBurst staleReadMs auditDurability }
    explain(user: "alice", server: "sql", tool: "execute_query") { allow reason tier because }
    exportPolicy { groups grants { group } settings { truncateChars } }
  }`)
  expect(body).toMatchObject({
    data: {
      user: { handle: 'alice', name: null, groups: ['staff'] },
      servers: [{ id: 'sql', settings: { connections: { bank: {} } } }],
      groups: { edges: [{ node: { handle: 'staff', members: ['alice'], title: null } }] },
      grants: {
        edges: [
          {
            node: {
              group: 'staff',
              user: null,
              level: 'read',
              expires: '2999-01-31T00:00:00.000Z',
              tools: { allow: null, deny: ['execute_query'] },
            },
          },
        ],
        pageInfo: { hasNextPage: false, endCursor: expect.any(String) },
      },
      selections: { servers: { sql: { level: 'read' } } },
      settings: { truncateChars: 5000, rateBurst: 300, staleReadMs: 259_200_000, auditDurability: 'default' },
      explain: { allow: false, reason: 'tool-denied', tier: 'groups' },
      exportPolicy: { groups: { staff: { members: ['alice'] } }, grants: [{ group: 'staff' }], settings: { truncateChars: 5000 } },
    },
  })
})

test('a remote server can be registered, reviewed and approved', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const put = await served.ask(`mutation {
    putServer(input: { id: "everything", kind: "remote", url: "https://tools.example.com/mcp", trust: hold, settings: null, headers: { Authorization: { secret: "k" } } }) {
      kind settings remote { url trust era headers privateNetwork callTimeoutMs } tools { name }
    }
  }`)
  const url = 'https://tools.example.com/mcp'
  const remote = { url, trust: 'hold', era: 'auto', headers: { Authorization: { secret: 'k' } }, privateNetwork: true, callTimeoutMs: null }
  expect(put.body).toEqual({ data: { putServer: { kind: 'remote', settings: null, remote, tools: [] } } })
  await reported(it.ctx, [aTool('echo')])
  await reported(it.ctx, [aTool('echo', { title: 'Echo' })])
  const look =
    '{ serverDefinitions(id: "everything") { name state level flags difference decidedBy approved offered hash } servers { tools { name trust } } }'
  const { data } = (await served.ask(look)).body
  expect(data).toMatchObject({
    serverDefinitions: [{ name: 'echo', state: 'held', level: 'read', flags: ['changed'], difference: ['title is new: "Echo"'] }],
    servers: [{ tools: [{ name: 'echo', trust: 'held' }] }],
  })
  const approve = 'mutation ($seen: JSON) { approveDefinitions(input: { id: "everything", seen: $seen }) { approved } }'
  const approved = await served.ask(approve, { seen: { echo: data.serverDefinitions[0].hash } })
  expect(approved.body).toEqual({ data: { approveDefinitions: { approved: ['echo'] } } })
  const mixed = await served.ask(`mutation { putServer(input: { id: "x", kind: "remote", url: "${url}", settings: {} }) { id } }`)
  expect(mixed.body).toMatchObject({ errors: [{ extensions: { code: 'invalid_input' } }] })
})

test('the policy file is planned and applied as on the command line', async () => {
  await using it = await aControlPlane()
  await it.aPerson('alice')
  await using served = await serving(it.ctx)
  const file = { servers: { sql: { kind: 'mounted' } }, grants: [{ user: 'alice', server: 'sql', level: 'read' }] }
  const planned = await served.ask('query ($file: PolicyFileInput!) { planPolicy(file: $file) { edits people { user gains after } } }', {
    file,
  })
  expect(planned.body).toMatchObject({
    data: { planPolicy: { people: [{ user: 'alice', gains: ['execute_query', 'list_tables'], after: 'read' }] } },
  })
  const applied = await served.ask('mutation ($file: PolicyFileInput!) { applyPolicy(input: { file: $file }) { edits revision } }', {
    file,
  })
  expect(applied.body).toEqual({ data: { applyPolicy: { edits: ['add server sql', 'add grant: user alice, read on sql'], revision: 2 } } })
})

test('a connection is paged with the cursor of its last edge', async () => {
  await using it = await aControlPlane()
  for (const handle of ['alice', 'bob', 'carol']) await it.aPerson(handle)
  await using served = await serving(it.ctx)
  const page =
    'query ($after: String) { users(first: 2, after: $after) { edges { cursor node { handle } } pageInfo { hasNextPage endCursor } } }'
  const first = (await served.ask(page)).body.data.users
  expect(first.pageInfo).toEqual({ hasNextPage: true, endCursor: first.edges[1].cursor })
  const second = (await served.ask(page, { after: first.pageInfo.endCursor })).body.data.users
  expect(second.edges).toMatchObject([{ node: { handle: 'carol' } }])
  expect(second.pageInfo).toEqual({ hasNextPage: false, endCursor: second.edges[0].cursor })
})

test.for([
  ['{ user(handle: "mallory") { id } }', 'not_found'],
  ['{ user(handle: "Not A Handle") { id } }', 'invalid_input'],
  ['{ user(handle: ', 'invalid_input'],
  ['{ nothing }', 'invalid_input'],
  ['{ users(first: 0) { edges { cursor } } }', 'invalid_input'],
  ['mutation { killServer(input: { id: "gitlab", killed: true }) { revision } }', 'not_found'],
] as const)('%s is refused with the code %s', async ([query, code]) => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const { body } = await served.ask(query)
  expect(body.errors).toHaveLength(1)
  expect(body.errors[0]).toMatchObject({ message: expect.any(String), extensions: { code } })
  expect(served.reported).toEqual([])
})

const deep = (depth: number): string => (depth === 0 ? 'name' : `ofType { ${deep(depth - 1)} }`)
const doubling = Array.from(
  { length: 40 },
  (_, at) => `fragment F${at} on User { ${at === 0 ? 'id' : `...F${at - 1} ...F${at - 1}`} }`,
).join('\n')

test.for([
  [
    'pages too large together',
    `{ users(first: 1000) { edges { node { id handle name email subject provider groups disabled } cursor } } ${Array.from({ length: 8 }, (_, at) => `a${at}: users(first: 1000) { edges { node { id handle name email subject provider } } }`).join(' ')} }`,
  ],
  [
    'pages as large as a variable says',
    'query ($n: Int = 1) { users(first: $n) { edges { node { ...U ...U2 ...U3 } } } }'
      .replaceAll(/\.\.\.U\d?/g, 'id handle name email subject provider ')
      .replace(
        '{ users',
        `{ ${Array.from({ length: 8 }, (_, at) => `a${at}: users(first: $n) { edges { node { id handle name email subject provider } } }`).join(' ')} users`,
      ),
  ],
  [
    'pages beside one of a negative size',
    `{ n: users(first: -2000000000) { edges { cursor } } ${Array.from({ length: 400 }, (_, at) => `a${at}: users(first: 1000) { edges { cursor } }`).join(' ')} }`,
  ],
  ['a thousand aliases', `{ ${Array.from({ length: 1000 }, (_, at) => `a${at}: settings { rateBurst }`).join(' ')} }`],
  ['fragments that double', `{ users(first: 1) { edges { node { ...F39 } } } }\n${doubling}`],
] as const)('a query that asks for too much is refused before anything is executed: %s', async ([, query]) => {
  await using it = await aControlPlane()
  await using served = await serving({ ...it.ctx, db: undefined as never })
  const { body } = await served.ask(query, { n: 1000 })
  expect(body).toMatchObject({
    errors: [{ message: 'The question asks for too much: ask for fewer fields or smaller pages.', extensions: { code: 'invalid_input' } }],
  })
  expect(served.reported).toEqual([])
})

const chained = Array.from({ length: 1200 }, (_, at) => `fragment F${at} on Query { ...F${at + 1} }`).join(' ')

test('a body of another type is refused with 415 and the reason', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const headers = { authorization: 'Bearer admin', 'content-type': 'text/plain' }
  const response = await fetch(served.url, { method: 'POST', headers, body: '{"query":"{ settings { rateBurst } }"}' })
  expect(response.status).toBe(415)
  expect(await response.json()).toMatchObject({
    errors: [{ message: expect.stringContaining('application/json'), extensions: { code: 'invalid_input' } }],
  })
})

test.for([
  ['lists', `{ a(x: ${'['.repeat(5000)}${']'.repeat(5000)}) }`],
  ['objects', `mutation { putServer(input: { settings: ${'{ a: '.repeat(3000)} 1 ${'}'.repeat(3000)} }) { id } }`],
  ['fields', `{ ${'a { '.repeat(3000)} a ${'}'.repeat(3000)} }`],
  ['types of a variable', `query ($x: ${'['.repeat(4000)}Int${']'.repeat(4000)}) { settings { rateBurst } }`],
] as const)('a query that nests too deep is the fault of who asks: %s', async ([, query]) => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const { body } = await served.ask(query)
  expect(body.errors).toMatchObject([
    { message: expect.stringContaining('nest more than 128 deep'), extensions: { code: 'invalid_input' } },
  ])
  expect(served.reported).toEqual([])
})

test('a long chain of fragments is no fault of the control plane', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const { body } = await served.ask(`{ ...F0 } ${chained} fragment F1200 on Query { settings { rateBurst } }`)
  expect(served.reported).toEqual([])
  expect(body.errors ?? []).toEqual([])
})

test('a query that is too long is refused before it is parsed, and an introspection query is answered', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const long = await served.ask(`{ ${'settings { rateBurst } '.repeat(5_000)} }`)
  expect(long.body).toMatchObject({ errors: [{ extensions: { code: 'invalid_input' } }] })
  expect((await served.ask(getIntrospectionQuery())).body.errors).toBeUndefined()
  expect((await served.ask(`{ __type(name: "User") { ${deep(10)} } }`)).body.errors).toBeUndefined()
  expect((await served.ask(`{ ${'... on Query { '.repeat(30)} settings { rateBurst } ${'}'.repeat(30)} }`)).body.errors).toBeUndefined()
})

test('an internal error is reported in full, and the response does not show it', async () => {
  await using it = await aControlPlane()
  await using served = await serving({ ...it.ctx, db: undefined as never })
  const { body } = await served.ask('{ users { edges { cursor } } }')
  expect(body.errors).toMatchObject([{ extensions: { code: 'internal' } }])
  expect(JSON.stringify(body)).not.toMatch(/undefined|TypeError|stack|\.ts/)
  expect(served.reported).toEqual([expect.any(TypeError)])
})

test('an unauthenticated caller gets 401 before the query is read', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const { status, body } = await served.ask('{ this is no question', {}, 'other')
  expect(status).toBe(401)
  expect(body).toEqual({ errors: [{ message: 'Sign in and try again.', extensions: { code: 'unauthenticated' } }] })
})

test('without a token GraphiQL reads the schema, and nothing else', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx, { graphiql: true })
  const schemaAlone = await served.ask(getIntrospectionQuery(), {}, 'TOKEN')
  expect(schemaAlone.status).toBe(200)
  expect(schemaAlone.body.data.__schema.queryType.name).toBe('Query')
  for (const query of [
    '{ servers { id } }',
    '{ __schema { queryType { name } } servers { id } }',
    '{ ...f } fragment f on Query { servers { id } }',
  ]) {
    const { status, body } = await served.ask(query, {}, 'TOKEN')
    expect(status).toBe(401)
    expect(body).toEqual({ errors: [{ message: 'Sign in and try again.', extensions: { code: 'unauthenticated' } }] })
  }
})

test('a browser loads the parts of GraphiQL compressed, and keeps them', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx, { graphiql: true })
  const page = await (await fetch(served.url, { headers: { accept: 'text/html' } })).text()
  const paths = [...page.matchAll(/(?:src|href)="(\/graphql\/[^"]+)"/g)].map(([, path]) => path)
  expect(paths).toHaveLength(2)
  const [, base = ''] = /'(\/graphql\/graphiql\/\w+\/)'/.exec(page) ?? []
  for (const path of [...paths, `${base}json.worker.js`]) {
    const response = await fetch(new URL(path ?? '', served.url), { headers: { 'accept-encoding': 'gzip' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('cache-control')).toContain('immutable')
  }
  expect((await fetch(new URL('/graphql/graphiql/other/graphiql.js', served.url))).status).toBe(404)
})

test('GraphiQL is served only if it is enabled, and shows no data', async () => {
  await using it = await aControlPlane()
  for (const graphiql of [true, false]) {
    await using served = await serving(it.ctx, { graphiql })
    const response = await fetch(served.url, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(graphiql ? 200 : 401)
    // A page that holds an administrator's token must run no script from another server.
    const page = await response.text()
    expect(/<(script|link)[^>]*https?:/.test(page)).toBe(false)
    expect(page.includes('bir -- token admin --api')).toBe(graphiql)
    expect(page.length).toBeLessThan(10_000)
    const asked = await fetch(`${served.url}?query={settings{rateBurst}}`, { headers: { accept: 'text/html' } })
    expect(/"rateBurst":\s*\d/.test(await asked.text())).toBe(false)
  }
})
