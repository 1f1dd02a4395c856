import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { legacyRequest, modernRequest } from '@bir/data-plane/testing'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { echoingServer, spellings } from './echoing-server.ts'
import type { EchoingServer } from './echoing-server.ts'

/** Two servers that repeat their `Authorization` in every text that a server can say, one of each era. */

const first = {
  modern: 'Bearer SUPERSECRETTOKEN-4711_abcdef.gh',
  legacy: `Basic ${Buffer.from('maria:"pass/wörd" & 4711').toString('base64')}`,
}
const second = { modern: 'Bearer ANOTHER-token-0815_ghijkl', legacy: `Basic ${Buffer.from('maria:second pass+word').toString('base64')}` }
const eras = ['modern', 'legacy'] as const

let gateway: Gateway
let servers: Record<(typeof eras)[number], EchoingServer>

beforeAll(async () => {
  servers = { modern: await echoingServer('modern'), legacy: await echoingServer('legacy') }
  gateway = await bootGateway()
  store(first)
  const api = client()
  // The test asks more than a person would.
  await api.settings.put({ ratePerSecond: 1000, rateBurst: 10_000 })
  for (const era of eras) {
    await api.servers.put({ id: era, kind: 'remote', url: servers[era].url, headers: { Authorization: { secret: era } }, trust: 'hold' })
    await api.grants.create({ user: 'alice', server: era, level: 'destroy' })
  }
})

afterAll(async () => {
  await gateway.stop()
  for (const era of eras) await servers[era][Symbol.asyncDispose]()
})

const client = () => createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })

function store(values: Record<(typeof eras)[number], string>): void {
  for (const era of eras) writeFileSync(join(gateway.home, 'secrets', era), values[era])
}

type Ask = (method: string, params?: Record<string, unknown>) => Promise<string>

async function everythingAsked(ask: Ask, introduction: string, server: string, isAggregate: boolean): Promise<string[]> {
  const named = (name: string) => (isAggregate ? `${server}_${name}` : name)
  const ways: [string, Record<string, unknown>?][] = [
    [introduction],
    ['tools/list'],
    ['prompts/list'],
    ['resources/list'],
    ['resources/templates/list'],
    ['skills/list'],
    ['tools/call', { name: named('say'), arguments: {} }],
    ['tools/call', { name: named('fail'), arguments: {} }],
    ['prompts/get', { name: named('ask') }],
    ['resources/read', { uri: isAggregate ? `mcp+${server}:x:y` : 'x:y' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: named('ask') }, argument: { name: 'a', value: '' } }],
    ['things/unheardOf'],
    ['tools/call', { name: named('break'), arguments: {} }],
  ]
  const answers: string[] = []
  for (const [method, params] of ways) answers.push(`${method}: ${await ask(method, params)}`)
  return answers
}

/** Everything that clients of both eras are told of both servers, at both endpoints, and by the gateway's own tools. */
async function everythingSaid(): Promise<string> {
  const token = await gateway.token('alice')
  const said: string[] = []
  const post = async (path: string, request: RequestInit) => (await fetch(gateway.endpoints.mcp + path, request)).text()
  const ownWords = async () => {
    for (const [name, args] of [
      ['meta_list_servers', {}],
      ['meta_search_tools', { query: '', schema: true, limit: 100 }],
      ['debug_check_server', { server: 'modern' }],
      ['debug_check_server', { server: 'legacy' }],
      ['debug_list_calls', {}],
    ] as const)
      said.push(await post('', modernRequest(token, 'tools/call', { name, arguments: args })))
    said.push(await post('', modernRequest(token, 'resources/read', { uri: 'mcp+meta:gateway://tools/modern_say' })))
  }
  for (const server of eras) {
    for (const path of [`/${server}`, '']) {
      const ask: Ask = (method, params) => post(path, modernRequest(token, method, params))
      said.push(...(await everythingAsked(ask, 'server/discover', server, path === '')))
      const begin = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
      const begun = await fetch(gateway.endpoints.mcp + path, legacyRequest(token, 'initialize', begin))
      const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
      said.push(await begun.text(), JSON.stringify([...begun.headers]))
      const askOld: Ask = (method, params) => post(path, legacyRequest(token, method, params, session))
      said.push(...(await everythingAsked(askOld, 'ping', server, path === '')))
    }
    await ownWords()
  }
  return said.join('\n')
}

/** Every row of every table, as JSON. */
async function everythingInTheDatabase(): Promise<string> {
  const database = new pg.Client({ connectionString: readFileSync(join(gateway.home, 'database-url'), 'utf8') })
  await database.connect()
  try {
    const { rows } = await database.query<{ name: string }>(
      `select format('%I', relname) as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    )
    const tables: string[] = []
    for (const { name } of rows) {
      const dump = await database.query<{ dump: string | null }>(`select string_agg(to_jsonb(t)::text, E'\\n') as dump from ${name} t`)
      tables.push(`${name}: ${dump.rows[0]?.dump ?? ''}`)
    }
    return tables.join('\n')
  } finally {
    await database.end()
  }
}

/** Every file of the home but those of the secrets themselves and of Postgres. */
function everythingOnDisk(): string {
  return ['plane', 'control', 'logs', 'idp']
    .flatMap((folder) => readdirSync(join(gateway.home, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.name}: ${readFileSync(join(entry.parentPath, entry.name), 'utf8')}`)
    .join('\n')
}

/** What of a credential would give it away, in every spelling; of base64, what does not depend on its neighbours. */
const needles = (credential: string) => spellings(credential).map((spelling) => spelling.slice(6, -16))

function expectNoSecret(text: string): void {
  const unescaped = text.replaceAll('\\/', '/').replaceAll('\\"', '"')
  for (const needle of eras.flatMap((era) => [first[era], second[era]]).flatMap(needles)) {
    if (needle.length < 6) continue
    for (const searched of [text, unescaped]) {
      const at = searched.indexOf(needle)
      expect(at < 0 ? '' : searched.slice(Math.max(0, at - 200), at + 60), `${needle} stands in it`).toBe('')
    }
  }
}

async function search(): Promise<void> {
  const fromMs = Date.now()
  const said = await everythingSaid()
  expect(said).toContain('heard •••')
  expect(said).not.toContain('Too many calls')
  for (const way of ['server/discover', 'tools/list', 'prompts/get', 'resources/read', 'completion/complete', 'things/unheardOf'])
    expect(said).toMatch(new RegExp(`${way}: .*•••`, 's'))
  expectNoSecret(said)

  const api = client()
  const newest = async () => (await api.audit.search({ user: 'alice', first: 1 })).items[0]
  const isLast = async () => {
    const record = await newest()
    return record?.method === 'resources/read' && record.server === 'meta' && Date.parse(record.at) >= fromMs
  }
  await expect.poll(isLast, { message: 'the record of the last call' }).toBe(true)
  expectNoSecret(JSON.stringify(await api.servers.list({})))
  for (const id of eras) {
    const { items } = await api.servers.definitions({ id })
    expect(items.map(({ name }) => name)).toEqual(['break', 'fail', 'say'])
    expect(JSON.stringify(items)).toContain('heard •••')
    expectNoSecret(JSON.stringify(items))
  }
  const stored = await everythingInTheDatabase()
  expect(stored).toContain('audit_bodies')
  expect(stored).toContain('heard •••')
  expectNoSecret(stored)
  expectNoSecret(everythingOnDisk())
  expectNoSecret(gateway.output())
}

test('a credential that a server repeats everywhere is told nobody and stored nowhere, neither the old one after it was renewed', async () => {
  const api = client()
  const seen = async (id: string) => (await api.servers.definitions({ id })).items.length
  for (const era of eras) await expect.poll(() => seen(era), { message: `the tools of ${era}` }).toBe(3)
  await search()

  store(second)
  const again = async (era: (typeof eras)[number]) => {
    await everythingSaid()
    return servers[era].heard.size
  }
  for (const era of eras) await expect.poll(() => again(era), { message: `the new secret at ${era}`, interval: 1000 }).toBe(2)
  await search()
})
