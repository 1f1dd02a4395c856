import { counted } from '../../server-kit/text/counted.ts'
import { z } from 'zod'
import { readPage } from './format/page.ts'
import { visible } from './format/visible.ts'
import { listTables as readTables, placeOf } from './postgres/list-tables.ts'
import { answerChars, chooseConnection } from './connection/open-connection.ts'
import type { OpenConnection } from './connection/open-connection.ts'
import { sql } from './server.ts'

const Item = z.object({
  name: z.string(),
  sql_name: z.string().optional(),
  kind: z.string(),
  rows: z.number().optional(),
  comment: z.string().optional(),
})
type Item = z.infer<typeof Item>

/** Everything in an answer but its items. */
const frameChars = 400

export const listTables = sql.tool({
  name: 'list_tables',
  description:
    'Tables and views you may read on a connection, as schema.table with an estimate of rows and the comment. Statements write sql_name where it is given.',
  level: 'read',
  input: z.strictObject({
    connection: z.string().optional().describe('Name; may be left out when there is one'),
    schema: z.string().optional(),
    query: z.string().max(200).optional().describe('Part of a name or comment'),
    limit: z.int().min(1).max(100).default(50),
    cursor: z.string().max(500).optional().describe('next_cursor of the last reply'),
  }),
  output: z.object({
    items: z.array(Item),
    count: z.int(),
    total: z.int(),
    next_cursor: z.string().nullable(),
    truncated: z.boolean(),
  }),
  async run({ connection, schema, query, limit, cursor }, context) {
    const tables = await listTableItems(chooseConnection(context, connection), { schema, query })
    const page = readPage(tables, limit, cursor, answerChars(context) - frameChars)
    return {
      items: page.items.map(({ item }) => item),
      count: page.items.length,
      total: tables.length,
      next_cursor: page.nextCursor,
      truncated: page.nextCursor !== null,
    }
  },
  text: ({ items, total, next_cursor }) =>
    [
      ...items.map(tableAsText),
      next_cursor === null ? `${counted(total, 'table')}.` : `${items.length} of ${counted(total, 'table')}; cursor ${next_cursor}`,
    ].join('\n'),
})

/** The tables that the person may read, as the tool returns them. */
export async function listTableItems(connection: OpenConnection, filter: Parameters<typeof readTables>[1] = {}) {
  const tables = await readTables(connection, filter)
  return tables.map((table) => {
    const { schema, name, sqlName, kind, rows, comment } = table
    const item: Item = {
      name: `${schema}.${name}`,
      ...(sqlName === `${schema}.${name}` ? {} : { sql_name: sqlName }),
      kind,
      ...(rows === null || kind === 'view' ? {} : { rows }),
      ...(comment === null ? {} : { comment }),
    }
    return { item, place: placeOf(table), chars: Math.max(JSON.stringify(item).length, tableAsText(item).length) + 1 }
  })
}

/** A table as one line, under the name that statements and describe_table take. */
export const tableAsText = ({ name, sql_name = name, kind, rows, comment }: Item): string =>
  visible(`${sql_name} (${kind}${rows === undefined ? '' : `, ~${rows} rows`})${comment === undefined ? '' : `: ${comment}`}`)
