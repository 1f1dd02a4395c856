import { z } from 'zod'
import { Params } from './format/params.ts'
import { runQuery } from './postgres/run.ts'
import { answerChars, chooseConnection } from './connection/open-connection.ts'
import { sql } from './server.ts'
import { fitRows } from './format/fit-rows.ts'
import { rowsAsText } from './format/rows-as-text.ts'

export const executeQuery = sql.tool({
  name: 'execute_query',
  description:
    'Runs one SELECT (PostgreSQL) and returns its rows. Put data in params as $1, $2. Name columns instead of *. Only common functions; read only.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    connection: z.string().optional().describe('Name; may be left out when there is one'),
    query: z.string().min(1).describe('One SELECT, WITH, VALUES or TABLE'),
    params: Params,
    limit: z.int().min(1).max(1_000).default(100).describe('Most rows returned'),
  }),
  output: z.object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.unknown())),
    rows_returned: z.int(),
    more: z.boolean(),
    duration_ms: z.int(),
    masked: z.array(z.string()),
    note: z.string().optional(),
  }),
  async run({ connection, query, params, limit }, context) {
    const startedMs = performance.now()
    const { isFull, ...answer } = await runQuery(chooseConnection(context, connection), query, params, limit)
    const duration_ms = Math.round(performance.now() - startedMs)
    const note = isFull ? { note: fullNote(answer.rows.length) } : {}
    return fitRows({ ...answer, rows_returned: answer.rows.length, duration_ms, ...note }, answerChars(context))
  },
  text: rowsAsText,
})

const fullNote = (count: number) =>
  `the rows are long, and one call receives no more from the database. Select fewer or shorter columns, such as left(name, 50), or go on with a fixed ORDER BY and OFFSET ${count}`
