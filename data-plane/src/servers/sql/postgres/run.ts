import type { PoolClient } from 'pg'
import { judge, readStatement } from '../guard/guard.ts'
import type { Statement, Verdict } from '../guard/guard.ts'
import { checkPlan } from '../guard/plan.ts'
import { refusal } from '../guard/syntax/refusal.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { readCells } from '../format/cells.ts'
import type { Cell } from '../format/cells.ts'
import { readKnownTables } from './known-tables.ts'
import { readRows } from './read-rows.ts'
import type { Rows } from './read-rows.ts'
import { inReadOnlyTransaction, limitToRest } from './transaction.ts'

export interface Answer {
  columns: { name: string; type: string }[]
  rows: Cell[][]
  more: boolean
  /** Rows are missing because one call may not receive more from the database. */
  isFull: boolean
  masked: string[]
}

/** Passes a statement through every step of the guard, runs it, and returns its rows. */
export async function runQuery(connection: OpenConnection, text: string, params: readonly unknown[], limit: number): Promise<Answer> {
  const statement = await readStatement(text, params, connection.settings.functions, connection)
  return inReadOnlyTransaction(connection, async (client) => {
    const verdict = await judgeStatement(client, connection, statement)
    if (connection.settings.planCheck) await planStatement(client, statement, verdict, params)
    await limitToRest(client, connection)
    const maxRows = Math.min(limit, connection.settings.maxRows ?? Infinity, connection.rules.maxRows ?? Infinity)
    const result = await readRows(client, text, params, maxRows)
    return toAnswer(result, findMaskedFields(result, verdict), await readTypeNames(client, result))
  })
}

/** Passes a statement through every step of the guard and returns its plan and the tables it reads. Does not run it. */
export async function explainQuery(
  connection: OpenConnection,
  text: string,
  params: readonly unknown[],
): Promise<{ plan: unknown; verdict: Verdict }> {
  const statement = await readStatement(text, params, connection.settings.functions, connection)
  return inReadOnlyTransaction(connection, async (client) => {
    const verdict = await judgeStatement(client, connection, statement)
    return { plan: await planStatement(client, statement, verdict, params), verdict }
  })
}

async function judgeStatement(client: PoolClient, { settings, rules }: OpenConnection, statement: Statement): Promise<Verdict> {
  const ids = statement.tables.map(({ schema, name }) => ({ schema: schema ?? settings.schema, table: name }))
  return judge(statement, await readKnownTables(client, rules, ids), settings.schema)
}

/** Refuses when PostgreSQL would read more than the guard resolved. */
async function planStatement(client: PoolClient, statement: Statement, { tables }: Verdict, params: readonly unknown[]): Promise<unknown> {
  const { rows } = await readRows(client, `explain (verbose, format json) ${statement.text}`, params, 1)
  const plan: unknown = JSON.parse(rows[0]?.[0] ?? 'null')
  checkPlan(plan, tables, statement.functions)
  return plan
}

/**
 * Which columns of the result to mask: those the guard resolved as masked, and those that PostgreSQL says come from a
 * masked column. One of the two is enough.
 */
function findMaskedFields({ fields }: Rows, { tables, outputs }: Verdict): boolean[] {
  const restricted = tables.some(({ columns }) => columns.some(({ fate }) => fate !== 'plain'))
  if (restricted && fields.length !== outputs.length) throw untraceableColumn()
  return fields.map(({ tableID, columnID }, index) => {
    const origin = tables.find(({ oid }) => oid === tableID)?.columns.find(({ number }) => number === columnID)
    if (tableID !== 0 && (!origin || origin.fate === 'hidden')) throw untraceableColumn()
    return origin?.fate === 'masked' || outputs[index]?.fate === 'masked'
  })
}

const untraceableColumn = () => refusal('A column could not be traced to its table.', 'Name the columns, table by table.')

function toAnswer({ fields, rows, hasMore, isFull }: Rows, isMasked: readonly boolean[], typeNames: ReadonlyMap<number, string>): Answer {
  return {
    columns: fields.map(({ name, dataTypeID }) => ({ name, type: typeNames.get(dataTypeID) ?? 'unknown' })),
    rows: readCells(
      rows,
      fields.map(({ dataTypeID }, index) => ({ type: dataTypeID, isMasked: isMasked[index] === true })),
    ),
    more: hasMore,
    isFull,
    masked: fields.filter((_, index) => isMasked[index]).map(({ name }) => name),
  }
}

async function readTypeNames(client: PoolClient, { fields }: Rows): Promise<Map<number, string>> {
  const ids = [...new Set(fields.map(({ dataTypeID }) => dataTypeID))]
  const { rows } = await client.query<{ id: string; name: string }>(
    'select id::text, format_type(id::oid, null) as name from unnest($1::int8[]) as types(id)',
    [ids],
  )
  return new Map(rows.map(({ id, name }) => [Number(id), name]))
}
