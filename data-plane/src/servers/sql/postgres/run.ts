import type { PoolClient } from 'pg'
import { judge, readStatement } from '../guard/guard.ts'
import type { Statement, Verdict } from '../guard/guard.ts'
import { checkPlan } from '../guard/plan.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { readCells } from '../format/cells.ts'
import type { Cell } from '../format/cells.ts'
import { postgresDialect } from './dialect.ts'
import { readKnownTables } from './catalogue/known-tables.ts'
import { hasOverloads, ownOperatorsOnly } from './catalogue/overloads.ts'
import { readTypeNames } from './catalogue/type-names.ts'
import { checkOrigins } from './origins.ts'
import { placingErrors, shiftPosition } from './place-errors.ts'
import { readRows } from './session/read-rows.ts'
import type { Rows } from './session/read-rows.ts'
import { inReadOnlyTransaction, limitToRest } from './session/transaction.ts'

export interface Answer {
  columns: { name: string; type: string }[]
  rows: Cell[][]
  more: boolean
  /** Rows are missing because one call may not receive more from the database. */
  isFull: boolean
  masked: string[]
}

const explainPrefix = 'explain (verbose, format json) '

/** Passes a statement through every step of the guard, runs it, and returns its rows. */
export async function runQuery(connection: OpenConnection, text: string, params: readonly unknown[], limit: number): Promise<Answer> {
  const statement = await readStatement(text, params, connection.settings.functions, connection)
  return inReadOnlyTransaction(connection, async (client) => {
    const verdict = await judgeStatement(client, connection, statement)
    return placingErrors(verdict, async () => {
      if (connection.settings.planCheck) await planStatement(client, statement, verdict, params)
      await limitToRest(client, connection)
      const maxRows = Math.min(limit, connection.settings.maxRows ?? Infinity, connection.rules.maxRows ?? Infinity)
      const result = await readRows(client, verdict.text, params, maxRows)
      checkOrigins(result.fields, verdict)
      return toAnswer(result, verdict, await readTypeNames(client, result.fields))
    })
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
    return placingErrors(verdict, async () => ({ plan: await planStatement(client, statement, verdict, params), verdict }))
  })
}

async function judgeStatement(client: PoolClient, { settings, rules }: OpenConnection, statement: Statement): Promise<Verdict> {
  const ids = statement.tables.map(({ schema, name }) => ({ schema: schema ?? settings.schema, table: name }))
  const verdict = judge(statement, await readKnownTables(client, rules, ids), settings.schema, postgresDialect)
  if (await hasOverloads(client, settings, statement)) await client.query(ownOperatorsOnly)
  return verdict
}

/** Refuses when PostgreSQL would read more than the guard resolved. */
async function planStatement(
  client: PoolClient,
  statement: Statement,
  { text, tables }: Verdict,
  params: readonly unknown[],
): Promise<unknown> {
  const { rows } = await readRows(client, `${explainPrefix}${text}`, params, 1).catch((error: unknown) => {
    throw shiftPosition(error, (position) => position - explainPrefix.length)
  })
  const plan: unknown = JSON.parse(rows[0]?.[0] ?? 'null')
  checkPlan(plan, tables, statement.functions)
  return plan
}

function toAnswer(
  { fields, rows, hasMore, isFull }: Rows,
  { outputs, usedMasks }: Verdict,
  typeNames: ReadonlyMap<number, string>,
): Answer {
  const maskedOutputs = fields.filter((_, index) => outputs[index]?.maskOf !== undefined).map(({ name }) => name)
  return {
    columns: fields.map(({ name, dataTypeID }) => ({ name, type: typeNames.get(dataTypeID) ?? 'unknown' })),
    rows: readCells(
      rows,
      fields.map(({ dataTypeID }) => dataTypeID),
    ),
    more: hasMore,
    isFull,
    masked: [...new Set([...maskedOutputs, ...usedMasks])],
  }
}
