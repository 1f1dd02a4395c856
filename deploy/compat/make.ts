import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from '@bir/sdk'
import type { Client as Api } from '@bir/sdk'
import { Client as McpClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as Postgres } from 'pg'
import { modernUpstream } from '../conformance/upstreams/modern.ts'
import type { Upstream } from '../conformance/upstreams/serve.ts'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { shapeSecrets } from './shape-secrets.ts'

/*
 * Keeps what a release publishes, so that later versions are tested with it: `node deploy/compat/make.ts <folder>`. It
 * runs the whole product on free ports, uses it, and writes a signed snapshot, a spool and the tables into the folder.
 * The keys are those of this one run, and no private one is written: the table `keys` is left out.
 */

const people = ['admin', 'alice', 'bob', 'carol', 'dave', 'erin', 'ci']

/** Left out, because they hold secrets, or are made anew from the others. */
const secretTables = ['keys', 'used_assertions', 'secret_keys', 'secret_values']
const madeAnew = ['chunks', 'chunk_slots', 'bucket_classes', 'classes', 'dirty', 'migrations']
const leftOut = new Set([...secretTables, ...madeAnew])

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await using things = await modernUpstream()
  await using gateway = await bootGateway()
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  await shapePolicy(api, things)
  await shapeIdentity(api)
  await shapeSecrets(api)
  await api.tokens.revoke({ jti: String(payloadOf(await gateway.token('carol'))['jti']) })
  await makeCalls(gateway)
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), `${JSON.stringify(value)}\n`)

  await wait(soonMs)
  const { revision } = await api.servers.kill({ id: 'charts', killed: true })
  write('verdicts.json', await verdictsOf(api))
  write('snapshot.json', await snapshotOf(gateway.home, revision))
  await until(async () => {
    const { items } = await api.audit.chains()
    const { plane } = await chainOfPlane(api)
    return items.some((chain) => chain.plane === plane && chain.seq >= linesOf(gateway.home).length)
  })
  write('tables.json', await tablesOf(gateway.home))
  write('chain.json', await chainOfPlane(api))
  writeFileSync(join(folder, 'spool.ndjson'), `${linesOf(gateway.home).join('\n')}\n`)
}

/** A grant that is over when the policy is kept: nobody can grant what is over already. */
const soonMs = 2_000

/** A policy with something of every kind. */
async function shapePolicy(api: Api, things: Upstream): Promise<void> {
  await api.users.put({ handle: 'erin', provider: 'demo', subject: 'erin', name: 'Erin' })
  await api.users.setDisabled({ handle: 'erin', disabled: true })
  await api.servers.put({
    id: 'things',
    kind: 'remote',
    url: things.url,
    trust: 'hold',
    headers: { 'x-team': 'north' },
    callTimeoutMs: 5000,
  })
  await until(async () => (await api.servers.definitions({ id: 'things' })).items.length > 0)
  const { items } = await api.servers.definitions({ id: 'things' })
  const [approved = '', hidden = '', labelled = '', ...others] = items.map(({ name }) => name).toSorted()
  const tools = { [hidden]: { hidden: true }, [labelled]: { level: 'destroy' as const } }
  await api.servers.put({ id: 'things', kind: 'remote', url: things.url, trust: 'hold', headers: { 'x-team': 'north' }, tools })
  const seen = (await api.servers.definitions({ id: 'things' })).items.filter(({ name }) => [approved, hidden, labelled].includes(name))
  await api.servers.approve({ id: 'things', seen: Object.fromEntries(seen.map(({ name, hash }) => [name, hash])) })

  await api.grants.create({ group: 'analysts', server: 'things', level: 'read', tools: { allow: [approved, labelled] } })
  await api.grants.create({ user: 'carol', server: 'things', level: 'destroy', expires: '2099-01-01T00:00:00Z' })
  await api.grants.create({ group: 'operators', server: 'things', level: 'write', tools: { deny: [others[0] ?? approved] } })
  await api.grants.create({ user: 'bob', server: 'charts', level: 'disabled' })
  await api.grants.create({ user: 'dave', server: 'debug', level: 'read', expires: new Date(Date.now() + soonMs).toISOString() })
  await api.selections.set({ user: 'alice', server: 'debug', off: ['list_calls'] })
  await api.selections.set({ user: 'bob', server: 'sql', level: 'read' })
  await api.restrictions.create({
    user: 'dave',
    server: 'sql',
    connection: 'bank',
    allow: ['public.*'],
    deny: ['public.salaries'],
    maxRows: 10,
  })
  await api.settings.put({ rateBurst: 200, truncateChars: 50_000 })
}

/** Clients, providers, personal tokens, a service account, and sessions of some kinds. */
async function shapeIdentity(api: Api): Promise<void> {
  await api.serviceAccounts.put({ handle: 'ci', title: 'Pipeline' })
  await api.grants.create({ service: 'ci', server: 'things', level: 'write' })
  await api.policy.apply({
    file: {
      clients: { allow: 'listed', domains: ['*.bank.example'], approved: ['desk'] },
      providers: { corp: { issuer: 'https://sso.bank.example', clientId: 'gateway', domains: ['bank.example'] } },
    },
  })
  await api.settings.put({ binding: 'ip', bindingNetwork: { ipv4: 16 }, session: { idleMs: 86_400_000 } })
  await api.clients.create({ serviceAccount: 'ci', name: 'Pipeline' })
  await api.clients.create({ handle: 'desk', name: 'Desk', redirectUris: ['https://desk.bank.example/callback'] })
  await api.personalTokens.create({ user: 'alice', name: 'script', servers: ['sql'], networks: ['10.0.0.0/8'] })
  const { id } = await api.personalTokens.create({ user: 'bob', name: 'lost' })
  await api.personalTokens.revoke({ id })
}

async function makeCalls(gateway: Gateway): Promise<void> {
  for (const handle of ['alice', 'bob', 'dave']) {
    const token = await gateway.token(handle)
    const client = new McpClient({ name: 'compat', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(
      new StreamableHTTPClientTransport(new URL(gateway.endpoints.mcp), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    )
    for (const call of calls) await client.callTool(call).catch(() => undefined)
    await client.close()
  }
  await fetch(gateway.endpoints.mcp, { method: 'POST', headers: { authorization: 'Bearer wrong' }, body: '{}' })
}

const calls = [
  { name: 'debug_echo', arguments: { text: 'ə ₼ 😀' } },
  { name: 'sql_execute_query', arguments: { connection: 'bank', sql: 'select count(*) from accounts' } },
  { name: 'sql_execute_query', arguments: { connection: 'bank', sql: 'drop table accounts' } },
  { name: 'things_nothing', arguments: {} },
]

/** Who may call what, and why not. */
async function verdictsOf(api: Api): Promise<unknown[]> {
  const { items } = await api.servers.list()
  const verdicts: unknown[] = []
  for (const user of people) {
    for (const { id, tools } of items) {
      for (const { name } of tools) {
        const { allow, level, reason } = await api.policy.explain({ user, server: id, tool: name })
        verdicts.push([user, id, name, allow ? level : reason])
      }
    }
  }
  return verdicts
}

/** The policy that the plane keeps on its disk, once it is this revision. */
async function snapshotOf(home: string, revision: number) {
  const folder = join(home, 'plane', 'policy')
  let found: ReturnType<typeof readSlot> | undefined
  await until(async () => {
    const slots = readdirSync(folder).filter((name) => /^policy-[ab]$/.test(name))
    found = slots.map((name) => readSlot(join(folder, name))).find(({ manifest }) => payloadOf(manifest)['revision'] === revision)
    return found !== undefined
  })
  const { manifestKey } = JSON.parse(readFileSync(join(home, 'plane', 'identity.json'), 'utf8')) as { manifestKey: unknown }
  return { manifestKey, ...found }
}

function readSlot(path: string) {
  const bytes = readFileSync(path)
  const end = bytes.indexOf(10)
  const head = JSON.parse(bytes.toString('utf8', 0, end)) as { manifest: string; chunks: [string, number][] }
  let at = end + 1
  const chunks = head.chunks.map(([name, length]) => {
    const text = bytes.toString('utf8', at, at + length)
    if (createHash('sha256').update(text).digest('hex') !== name) throw new Error(`${path} is being written`)
    at += length
    return [name, text] as const
  })
  return { manifest: head.manifest, chunks: Object.fromEntries(chunks) }
}

const payloadOf = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

function linesOf(home: string): string[] {
  const folder = join(home, 'plane', 'spool')
  const files = readdirSync(folder).filter((name) => /^\d{16}\.ndjson$/.test(name))
  const texts = files.toSorted().map((name) => readFileSync(join(folder, name), 'utf8').replace(/\0+$/, ''))
  return texts.join('').split('\n').filter(Boolean)
}

/** The public keys that verify the chains. */
async function chainOfPlane(api: Api) {
  const { items } = await api.audit.chains()
  const own = items.find(({ name }) => name !== 'control plane')
  if (!own) throw new Error('no plane has joined')
  return { plane: own.plane, publicKey: own.publicKey, control: items.find(({ name }) => name === 'control plane') }
}

/** Every table that is not left out, as JSON. Parts of a partitioned table are in the whole. */
async function tablesOf(home: string) {
  const db = new Postgres({ connectionString: readFileSync(join(home, 'database-url'), 'utf8').trim() })
  await db.connect()
  try {
    const { rows: names } = await db.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
    )
    const tables: Record<string, unknown> = {}
    const migrations: string[] = []
    for (const { name } of names) {
      const { rows } = await db.query<{ row: Record<string, unknown> }>(`select to_jsonb(t) as row from "${name}" t order by t::text`)
      if (name === 'kysely_migration' || name === 'migrations') migrations.push(...rows.map(({ row }) => String(row['name'])))
      if (leftOut.has(name) || name.startsWith('kysely_')) continue
      const kept = name === 'revisions' ? newest(rows) : rows
      tables[name] = kept.map(({ row }) => withoutSecrets(row))
    }
    return { migrations: [...new Set(migrations)].sort(), tables }
  } finally {
    await db.end()
  }
}

/** A manifest has kilobytes, and one tells as much as twenty. */
const newest = <R extends { row: Record<string, unknown> }>(rows: R[]) =>
  rows.toSorted(({ row: a }, { row: b }) => Number(b['revision']) - Number(a['revision'])).slice(0, 1)

/** The hash of a secret is no secret, but nobody needs it either: the hash of the row's id stands for it. */
function withoutSecrets(row: Record<string, unknown>): Record<string, unknown> {
  if (typeof row['secret_hash'] !== 'string') return row
  const id = String(row['id'] ?? row['client_id'])
  return { ...row, secret_hash: createHash('sha256').update(id).digest('hex') }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await condition().catch(() => false)) return
    await wait(100)
  }
  throw new Error('waited for a minute in vain')
}

const [folder] = parseArgs({ allowPositionals: true }).positionals
if (folder === undefined || existsSync(join(folder, 'tables.json'))) throw new Error('usage: node deploy/compat/make.ts <new folder>')
await main(folder)
