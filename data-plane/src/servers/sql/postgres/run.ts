import type { PoolClient } from 'pg'
import { judge, readStatement } from '../guard/guard.ts'
import type { Statement, Verdict } from '../guard/guard.ts'
import { checkPlan } from '../guard/plan.ts'
import { refused } from '../guard/syntax/refusal.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { masked, readCell } from './cells.ts'
import type { Cell } from './cells.ts'
import { knownTables } from './known-tables.ts'
import { readRows } from './read-rows.ts'
import type { Rows } from './read-rows.ts'
import { reading } from './transaction.ts'

export interface Answer {
  columns: { name: string; type: string }[]
  rows: Cell[][]
  more: boolean
  masked: string[]
}

/** One statement through all steps of the guard, and its rows. */
export async function runQuery(reach: OpenConnection, text: string, params: readonly unknown[], limit: number): Promise<Answer> {
  const statement = await readStatement(text, params, reach.connection.functions)
  return reading(reach, async (client) => {
    const verdict = await judged(client, reach, statement)
    if (reach.connection.planCheck) await planned(client, statement, verdict, params)
    const max = Math.min(limit, reach.connection.maxRows ?? Infinity, reach.rules.maxRows ?? Infinity)
    const found = await readRows(client, text, params, max)
    return answered(found, maskedFields(found, verdict), await typeNames(client, found))
  })
}

/** The plan of a statement that has passed the guard, and what it reads. The query itself is not run. */
export async function explainQuery(
  reach: OpenConnection,
  text: string,
  params: readonly unknown[],
): Promise<{ plan: unknown; verdict: Verdict }> {
  const statement = await readStatement(text, params, reach.connection.functions)
  return reading(reach, async (client) => {
    const verdict = await judged(client, reach, statement)
    return { plan: await planned(client, statement, verdict, params), verdict }
  })
}

async function judged(client: PoolClient, { connection, rules }: OpenConnection, statement: Statement): Promise<Verdict> {
  const asked = statement.tables.map(({ schema, name }) => ({ schema: schema ?? connection.schema, table: name }))
  return judge(statement, await knownTables(client, rules, asked), connection.schema)
}

async function planned(client: PoolClient, statement: Statement, { tables }: Verdict, params: readonly unknown[]): Promise<unknown> {
  const { rows } = await readRows(client, `explain (verbose, format json) ${statement.text}`, params, 1)
  const plan: unknown = JSON.parse(rows[0]?.[0] ?? 'null')
  checkPlan(plan, tables, statement.functions)
  return plan
}

/** Masked is what the guard resolved as such, and what PostgreSQL says comes from a masked column: either is enough. */
function maskedFields({ fields }: Rows, { tables, outputs }: Verdict): boolean[] {
  const restricted = tables.some(({ columns }) => columns.some(({ fate }) => fate !== 'plain'))
  if (restricted && fields.length !== outputs.length) throw strange()
  return fields.map(({ tableID, columnID }, at) => {
    const origin = tables.find(({ oid }) => oid === tableID)?.columns.find(({ number }) => number === columnID)
    if (tableID !== 0 && (!origin || origin.fate === 'hidden')) throw strange()
    return origin?.fate === 'masked' || outputs[at]?.fate === 'masked'
  })
}

const strange = () => refused('A column could not be traced to its table.', 'Name the columns, table by table.')

function answered({ fields, rows, more }: Rows, mask: readonly boolean[], types: ReadonlyMap<number, string>): Answer {
  return {
    columns: fields.map(({ name, dataTypeID }) => ({ name, type: types.get(dataTypeID) ?? 'unknown' })),
    rows: rows.map((row) => row.map((text, at) => (mask[at] ? masked(text) : readCell(text, fields[at]?.dataTypeID ?? 0)))),
    more,
    masked: fields.filter((_, at) => mask[at]).map(({ name }) => name),
  }
}

async function typeNames(client: PoolClient, { fields }: Rows): Promise<Map<number, string>> {
  const ids = [...new Set(fields.map(({ dataTypeID }) => dataTypeID))]
  const { rows } = await client.query<{ id: string; name: string }>(
    'select id::text, format_type(id::oid, null) as name from unnest($1::int8[]) as asked(id)',
    [ids],
  )
  return new Map(rows.map(({ id, name }) => [Number(id), name]))
}
