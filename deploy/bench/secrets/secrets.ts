import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@bir/db/embedded'
import { Client } from 'pg'
import { aRunningControlPlane } from '../../../control-plane/src/internal/testing.ts'
import type { TestControlPlane } from '../../../control-plane/src/internal/testing.ts'
import { median, round, table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'

const secretCount = 100_000
const rounds = 15
const barMs = 100
const states = ['ok', 'expiring', 'expired', 'invalid', 'unchecked', 'moved'] as const

interface Figures {
  state: string
  found: number
  cpuMs: number
  clockMs: number
}

/** A page of secrets by state, out of 100,000, through GraphQL. The CPU is that of the control plane's process. */
export async function secrets(): Promise<object> {
  const home = mkdtempSync(join(tmpdir(), 'bir-bench-'))
  const postgres = await startEmbeddedPostgres({ home })
  process.env.TEST_DATABASE_URL = postgres.superuserUrl
  const results: Figures[] = []
  try {
    await using control = await aRunningControlPlane()
    await fill(control)
    for (const state of [undefined, ...states]) results.push(await measure(control, state))
  } finally {
    await postgres.stop()
    removeEmbeddedPostgres(home)
    rmSync(home, { recursive: true, force: true })
  }
  const rows = results.map(({ state, found, cpuMs, clockMs }) => [
    state,
    String(found),
    `${round(cpuMs, 1)} ms`,
    `${round(clockMs, 1)} ms`,
    cpuMs <= barMs ? 'met' : 'missed',
  ])
  const head = ['state', 'on the page', 'CPU', 'clock', `bar ${barMs} ms CPU`]
  process.stdout.write(`${machine()}\n${round(secretCount)} secrets, pages of 100\n\n${table(head, rows)}\n`)
  return { bench: 'secrets', machine: machine(), at: new Date().toISOString(), secrets: secretCount, results }
}

async function fill({ databaseUrl }: TestControlPlane): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`insert into users (id, handle, provider, subject)
    select ('0193f0e8-7b7a-7c3e-8a10-' || lpad(to_hex(n), 12, '0'))::uuid, 'p' || n, 'demo', 's' || n
    from generate_series(1, ${secretCount / 5}) n`)
  const verdict = JSON.stringify({ verdict: 'ok', says: 'It is good.', owner: { login: 'somebody' }, scopes: ['read_api', 'api'] })
  await client.query(
    `insert into secrets
      (id, holder_kind, holder_id, server, fields, version, store, audience, state, verdict, level, expires_at, saved_by)
    select ('0193f0e9-7b7a-7c3e-8a10-' || lpad(to_hex(n), 12, '0'))::uuid, 'person',
      ('0193f0e8-7b7a-7c3e-8a10-' || lpad(to_hex(1 + n / 5), 12, '0'))::uuid, 's' || n % 5, '{token}', 1, 'embedded',
      'https://s.example', case n % 1000 when 1 then 'invalid' when 2 then 'unchecked' when 3 then 'moved' else 'ok' end,
      $1::jsonb, 'write', now() + case n % 1000 when 4 then interval '3 days' when 5 then interval '-1 day' else interval '200 days' end,
      'somebody'
    from generate_series(0, ${secretCount - 1}) n`,
    [verdict],
  )
  await client.query('analyze secrets')
  await client.end()
}

async function measure(control: TestControlPlane, state: string | undefined): Promise<Figures> {
  const query = `query Page($state: SecretState) { secrets(first: 100, state: $state) { pageInfo { hasNextPage endCursor }
    edges { node { id server state fields level expiresAt savedAt savedBy checkedAt store unchecked scopes
      owner { login } holder { kind handle } } } } }`
  const body = JSON.stringify({ query, variables: { state } })
  const cpu: number[] = []
  const clock: number[] = []
  let found = 0
  for (let round = 0; round < rounds; round++) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await control.assertion()}` }
    const begun = { cpu: process.cpuUsage(), ms: performance.now() }
    const response = await control.get('/graphql', { method: 'POST', headers, body })
    const { data } = (await response.json()) as { data: { secrets: { edges: unknown[] } } }
    const { user, system } = process.cpuUsage(begun.cpu)
    cpu.push((user + system) / 1000)
    clock.push(performance.now() - begun.ms)
    found = data.secrets.edges.length
  }
  return { state: state ?? 'all', found, cpuMs: median(cpu), clockMs: median(clock) }
}
