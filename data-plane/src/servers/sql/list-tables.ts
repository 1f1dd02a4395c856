import { z } from 'zod'
import { readPage } from './format/page.ts'
import { listTables as readTables } from './postgres/list-tables.ts'
import { chooseConnection } from './connection/open-connection.ts'
import type { OpenConnection } from './connection/open-connection.ts'
import { sql } from './server.ts'

const Item = z.object({ name: z.string(), kind: z.string(), rows: z.number().optional(), comment: z.string().optional() })

export const listTables = sql.tool({
  name: 'list_tables',
  description: 'Tables and views you may read on a connection, as schema.table with an estimate of rows and the comment.',
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
    return readPage(await listTableItems(chooseConnection(context, connection), { schema, query }), limit, cursor)
  },
  text: ({ items, total, next_cursor }) =>
    [
      ...items.map(tableAsText),
      next_cursor === null ? `${total} tables.` : `${items.length} of ${total} tables; cursor ${next_cursor}`,
    ].join('\n'),
})

/** The tables that the person may read, as the tool returns them. */
export async function listTableItems(
  connection: OpenConnection,
  filter: Parameters<typeof readTables>[1] = {},
): Promise<z.infer<typeof Item>[]> {
  const tables = await readTables(connection, filter)
  return tables.map(({ schema, name, kind, rows, comment }) => ({
    name: `${schema}.${name}`,
    kind,
    ...(kind === 'view' ? {} : { rows }),
    ...(comment === null ? {} : { comment }),
  }))
}

export const tableAsText = ({ name, kind, rows, comment }: z.infer<typeof Item>): string =>
  `${name} (${kind}${rows === undefined ? '' : `, ~${rows} rows`})${comment === undefined ? '' : `: ${comment}`}`
