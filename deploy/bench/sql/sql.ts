import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { judge, readStatement } from '@bir/data-plane/servers/sql/guard/guard'
import type { Statement } from '@bir/data-plane/servers/sql/guard/guard'
import { closeParser } from '@bir/data-plane/servers/sql/guard/parser/parse'
import { readKnownTables } from '@bir/data-plane/servers/sql/postgres/catalogue/known-tables'
import { postgresDialect } from '@bir/data-plane/servers/sql/postgres/dialect'
import { startEmbeddedPostgres } from '@bir/db/embedded'
import { TableRules } from '@bir/sdk/contract/tables'
import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import { seedBank } from '../../local/bank/seed-bank.ts'
import { median, round, table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'

const rounds = 400
const open = TableRules.parse({ allow: ['public.*'] })
const closed = TableRules.parse({
  allow: ['public.*'],
  hide: { 'public.customers': ['phone', 'email'] },
  mask: { 'public.customers': ['national_id', 'iban', 'card_number'], 'public.accounts': ['iban'] },
})

/** No statement names a column that `closed` closes, so both rules must give the same plan. */
const statements = {
  'one customer': 'select full_name, city from customers where id = 17',
  'customers by name': "select id, full_name from customers where full_name like 'A%' order by full_name limit 20",
  'join of three': `select c.full_name, sum(t.amount) from customers c join accounts a on a.customer_id = c.id
    join transactions t on t.account_id = a.id where c.city = 'Baku' group by c.full_name order by 2 desc limit 10`,
  'by primary key': `select c.id, c.full_name, c.segment, count(*) from customers c join accounts a on a.customer_id = c.id
    group by c.id order by c.id limit 10`,
  'outer join': `select c.id, a.branch from customers c left join accounts a on a.customer_id = c.id and a.status = 'closed' where c.id < 50`,
  'correlated subquery': 'select id, (select max(balance) from accounts a where a.customer_id = c.id) from customers c where id < 20',
  'month by month': `select date_trunc('month', t.booked_at) as month, count(*), sum(t.amount) from transactions t
    join accounts a on a.id = t.account_id join customers c on c.id = a.customer_id where c.segment = 'premium' group by 1 order by 1`,
}

interface Figures {
  statement: string
  readUs: number
  openUs: number
  closedUs: number
  explainUs: number
  openCost: number
  closedCost: number
}

/** What the guard costs, with and without closed columns, and whether the database plans the rewritten text as well. */
export async function sql(): Promise<object> {
  const home = mkdtempSync(join(tmpdir(), 'bir-bench-'))
  const postgres = await startEmbeddedPostgres({ home })
  try {
    await postgres.ensureDatabase('bank', 'bank')
    await seedBank(postgres.url('bank', 'bank'))
    const pool = new Pool({ connectionString: postgres.url('bank', 'bank'), max: 1 })
    const client = await pool.connect()
    const results: Figures[] = []
    for (const [name, text] of Object.entries(statements)) results.push(await measure(client, name, text))
    client.release()
    await pool.end()
    await closeParser()
    process.stdout.write(`${machine()}\n\n${formatResults(results)}\n`)
    return { bench: 'sql', machine: machine(), at: new Date().toISOString(), results }
  } finally {
    await postgres.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

async function measure(client: PoolClient, statement: string, text: string): Promise<Figures> {
  const asker = { caller: 'bench', timeoutMs: 60_000, signal: new AbortController().signal }
  const read = () => readStatement(text, [], [], asker)
  const parsed = await read()
  const [openJudge, closedJudge] = [await judgeWith(client, parsed, open), await judgeWith(client, parsed, closed)]
  const explain = (sent: string) => client.query<{ 'QUERY PLAN': [{ Plan: { 'Total Cost': number } }] }>(`explain (format json) ${sent}`)
  const cost = async (sent: string) => (await explain(sent)).rows[0]?.['QUERY PLAN'][0].Plan['Total Cost'] ?? Number.NaN
  return {
    statement,
    readUs: await medianUs(read),
    openUs: await medianUs(openJudge),
    closedUs: await medianUs(closedJudge),
    explainUs: await medianUs(() => explain(text)),
    openCost: await cost(openJudge().text),
    closedCost: await cost(closedJudge().text),
  }
}

async function judgeWith(client: PoolClient, statement: Statement, rules: TableRules) {
  const ids = statement.tables.map(({ schema, name }) => ({ schema: schema ?? 'public', table: name }))
  const knownTables = await readKnownTables(client, rules, ids)
  return () => judge(statement, knownTables, 'public', postgresDialect)
}

async function medianUs(work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < rounds; at++) {
    const startMs = performance.now()
    await work()
    times.push((performance.now() - startMs) * 1_000)
  }
  return median(times)
}

function formatResults(results: readonly Figures[]): string {
  const rows = results.map(({ statement, readUs, openUs, closedUs, explainUs, openCost, closedCost }) => [
    statement,
    ...[readUs, openUs, closedUs, explainUs].map((us) => round(us)),
    ...[openCost, closedCost].map((cost) => round(cost, 2)),
    openCost >= closedCost && closedUs <= 200 ? 'met' : 'missed',
  ])
  const head = [
    'µs of the clock, median',
    'read',
    'judge: open',
    'closed',
    'yardstick: EXPLAIN',
    'plan cost: open',
    'closed',
    'closed ≤ 200 µs, no dearer plan',
  ]
  return table(head, rows)
}
