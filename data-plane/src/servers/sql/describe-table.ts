import type { TableId } from '@bir/sdk/contract/tables'
import { z } from 'zod'
import { describeTable as readDescription } from './postgres/describe-table.ts'
import type { ForeignKey } from './postgres/describe-table.ts'
import { chooseConnection } from './connection/open-connection.ts'
import type { OpenConnection } from './connection/open-connection.ts'
import { sql } from './server.ts'

const Column = z.object({ name: z.string(), type: z.string(), nullable: z.boolean(), masked: z.boolean(), comment: z.string().optional() })

const Description = z.object({
  table: z.string(),
  kind: z.string(),
  comment: z.string().optional(),
  columns: z.array(Column),
  primary_key: z.array(z.string()),
  indexes: z.array(z.string()),
  references: z.array(z.string()),
  referenced_by: z.array(z.string()),
  sample: z.array(z.array(z.unknown())).optional(),
})
type Description = z.infer<typeof Description>

const foreignKeyAsText = ({ columns, table, table_columns }: ForeignKey) => `${columns.join(', ')} = ${table}(${table_columns.join(', ')})`

export const describeTable = sql.tool({
  name: 'describe_table',
  description:
    'Columns, keys, indexes and foreign keys of one table or view; three sample rows on request. A masked column may be selected but not computed with.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    connection: z.string().optional().describe('Name; may be left out when there is one'),
    table: z.string().min(1).max(200).describe('table or schema.table, as list_tables spells it'),
    sample: z.boolean().default(false),
  }),
  output: Description,
  async run({ connection, table, sample }, context) {
    const openConnection = chooseConnection(context, connection)
    const dot = table.indexOf('.')
    const id = dot < 0 ? { schema: openConnection.settings.schema, table } : { schema: table.slice(0, dot), table: table.slice(dot + 1) }
    return describe(openConnection, id, table, sample)
  },
  text: descriptionAsText,
})

/** The table as the person may see it. Refused when they may not read it; `writtenName` names it in the refusal. */
export async function describe(connection: OpenConnection, id: TableId, writtenName: string, sample: boolean): Promise<Description> {
  const { comment, columns, indexes, references, referenced_by, ...otherFields } = await readDescription(
    connection,
    id,
    writtenName,
    sample,
  )
  return {
    table: `${id.schema}.${id.table}`,
    ...(comment === null ? {} : { comment }),
    columns: columns.map(({ comment, ...column }) => ({ ...column, ...(comment === null ? {} : { comment }) })),
    indexes: indexes.map(({ name, columns, unique }) => `${unique ? 'unique ' : ''}${name} (${columns.join(', ')})`),
    references: references.map(foreignKeyAsText),
    referenced_by: referenced_by.map(foreignKeyAsText),
    ...otherFields,
  }
}

export function descriptionAsText(description: Description): string {
  const { table, kind, comment, columns, primary_key, indexes, references, referenced_by, sample } = description
  return [
    `${table} (${kind})${comment === undefined ? '' : `: ${comment}`}`,
    ...columns.map(columnAsText),
    ...(primary_key.length > 0 ? [`primary key (${primary_key.join(', ')})`] : []),
    ...indexes.map((index) => `index ${index}`),
    ...references.map((key) => `refers to: ${key}`),
    ...referenced_by.map((key) => `referred to by: ${key}`),
    ...(sample ?? []).map((row) => `sample: ${row.map(String).join(' | ')}`),
  ].join('\n')
}

const columnAsText = ({ name, type, nullable, masked, comment }: z.infer<typeof Column>) =>
  `${name} ${type}${nullable ? '' : ' not null'}${masked ? ' MASKED' : ''}${comment === undefined ? '' : ` -- ${comment}`}`
