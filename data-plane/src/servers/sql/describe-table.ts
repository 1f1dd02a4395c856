import type { TableId } from '@bir/sdk/contract/tables'
import { z } from 'zod'
import { descriptionAsText } from './description/description-as-text.ts'
import { fitDescription } from './description/fit-description.ts'
import type { Description } from './description/description.ts'
import { readDescription } from './description/read-description.ts'
import { readTableName } from './description/read-table-name.ts'
import { answerChars, chooseConnection } from './connection/open-connection.ts'
import type { OpenConnection } from './connection/open-connection.ts'
import { sql } from './server.ts'

const Column = z.object({
  name: z.string(),
  type: z.string(),
  nullable: z.boolean(),
  masked: z.boolean(),
  comment: z.string().optional(),
  default: z.string().optional(),
  identity: z.string().optional(),
  generated: z.string().optional(),
  values: z.array(z.string()).optional(),
})

export const describeTable = sql.tool({
  name: 'describe_table',
  description:
    'Columns, keys, indexes, checks and foreign keys of one table or view; three sample rows on request. A masked column holds masks such as •••42 instead of its values.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    connection: z.string().optional().describe('Name; may be left out when there is one'),
    table: z.string().min(1).max(300).describe('table or schema.table, as list_tables spells it'),
    sample: z.boolean().default(false),
    columns: z.string().max(200).optional().describe('Only columns with this in name or comment'),
    cursor: z.string().max(500).optional().describe('next_cursor of the last reply: more columns'),
  }),
  output: z.object({
    table: z.string(),
    sql_name: z.string().optional(),
    kind: z.string(),
    comment: z.string().optional(),
    columns: z.array(Column),
    columns_total: z.int(),
    next_cursor: z.string().nullable(),
    primary_key: z.array(z.string()),
    indexes: z.array(z.string()),
    checks: z.array(z.string()),
    references: z.array(z.string()),
    referenced_by: z.array(z.string()),
    sample: z.array(z.array(z.unknown())).optional(),
    note: z.string().optional(),
  }),
  async run({ connection, table, sample, columns, cursor }, context) {
    const openConnection = chooseConnection(context, connection)
    const id = readTableName(table, openConnection.settings.schema)
    const description = await describe(openConnection, id, table, sample, columns)
    return fitDescription(description, cursor, answerChars(context))
  },
  text: descriptionAsText,
})

/**
 * The table as the person may see it. Refused when they may not read it; `writtenName` names it in the refusal. With
 * `part`, only the columns that have this text in their name or comment.
 */
export async function describe(
  connection: OpenConnection,
  id: TableId,
  writtenName: string,
  withSample: boolean,
  part?: string,
): Promise<Description> {
  const { comment, sqlName, columns, sample, ...otherFields } = await readDescription(connection, id, writtenName, withSample)
  const table = `${id.schema}.${id.table}`
  const isShown = columns.map(({ name, comment = '' }) => part === undefined || holds(`${name} ${comment}`, part))
  const shownColumns = columns.filter((_, at) => isShown[at])
  return {
    table,
    ...(sqlName === table ? {} : { sql_name: sqlName }),
    ...(comment === null ? {} : { comment }),
    columns: shownColumns,
    columns_total: shownColumns.length,
    next_cursor: null,
    ...otherFields,
    ...(sample ? { sample: sample.map((row) => row.filter((_, at) => isShown[at])) } : {}),
  }
}

const holds = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase())
