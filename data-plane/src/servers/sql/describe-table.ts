import { z } from 'zod'
import { describeTable as describe, type ForeignKey } from './postgres/describe-table.ts'
import { reach } from './reach.ts'
import { sql } from './server.ts'

const Key = z.object({ columns: z.array(z.string()), table: z.string(), table_columns: z.array(z.string()) })
const Column = z.object({ name: z.string(), type: z.string(), nullable: z.boolean(), masked: z.boolean(), comment: z.string().optional() })

export const describeTable = sql.tool({
  name: 'describe_table',
  description:
    'Columns, keys, indexes and foreign keys of one table or view; three sample rows on request. A masked column may be selected but not computed with.',
  level: 'read',
  openWorld: true,
  input: z.object({
    connection: z.string().optional().describe('Name; may be left out when there is one'),
    table: z.string().min(1).max(200).describe('table or schema.table, as list_tables spells it'),
    sample: z.boolean().default(false),
  }),
  output: z.object({
    table: z.string(),
    kind: z.string(),
    comment: z.string().optional(),
    columns: z.array(Column),
    primary_key: z.array(z.string()),
    indexes: z.array(z.object({ name: z.string(), columns: z.array(z.string()), unique: z.boolean() })),
    references: z.array(Key),
    referenced_by: z.array(Key),
    sample: z.array(z.array(z.unknown())).optional(),
  }),
  async run({ connection, table, sample }, context) {
    const found = reach(context, connection)
    const dot = table.indexOf('.')
    const id = dot < 0 ? { schema: found.connection.schema, table } : { schema: table.slice(0, dot), table: table.slice(dot + 1) }
    const { comment, columns, ...rest } = await describe(found, id, table, sample)
    return {
      table: `${id.schema}.${id.table}`,
      ...(comment === null ? {} : { comment }),
      columns: columns.map(({ comment, ...column }) => ({ ...column, ...(comment === null ? {} : { comment }) })),
      ...rest,
    }
  },
  text({ table, kind, comment, columns, primary_key, indexes, references, referenced_by, sample }) {
    const key = (way: string) => (each: ForeignKey) => `${way} ${each.columns.join(', ')} ~ ${each.table}(${each.table_columns.join(', ')})`
    return [
      `${table} (${kind})${comment === undefined ? '' : `: ${comment}`}`,
      ...columns.map(
        ({ name, type, nullable, masked, comment }) =>
          `${name} ${type}${nullable ? '' : ' not null'}${masked ? ' MASKED' : ''}${comment === undefined ? '' : ` -- ${comment}`}`,
      ),
      ...(primary_key.length > 0 ? [`primary key (${primary_key.join(', ')})`] : []),
      ...indexes.map(({ name, columns, unique }) => `${unique ? 'unique ' : ''}index ${name} (${columns.join(', ')})`),
      ...references.map(key('refers')),
      ...referenced_by.map(key('referred to')),
      ...(sample ?? []).map((row) => `sample: ${row.map(String).join(' | ')}`),
    ].join('\n')
  },
})
