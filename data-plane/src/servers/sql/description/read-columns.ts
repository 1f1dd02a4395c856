import type { PoolClient } from 'pg'
import type { KnownTable } from '../guard/resolve/tables.ts'
import { elsewhere, openText, usesOf } from './uses.ts'
import type { Expression } from './uses.ts'

const maxValues = 100

export interface DescribedColumn {
  /** PostgreSQL's attribute number. */
  number: number
  name: string
  /** The name as a statement writes it: in double quotes where PostgreSQL needs them. */
  sqlName: string
  type: string
  nullable: boolean
  masked: boolean
  comment?: string
  /** The expression that gives a value when none is given. */
  default?: string
  /** PostgreSQL numbers the rows by itself: `always`, or unless a value is given. */
  identity?: 'always' | 'by default'
  /** The expression that the column is computed from. */
  generated?: string
  /** The values of its enum type, in their order. */
  values?: string[]
}

interface ColumnRow extends Expression {
  number: number
  sqlName: string
  type: string
  nullable: boolean
  comment: string | null
  identity: 'a' | 'd' | ''
  isGenerated: boolean
}

/** Arrays of an enum and domains over one have its values too. */
const columnsQuery = `
  select a.attnum as number, quote_ident(a.attname) as "sqlName", format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
    left(col_description(a.attrelid, a.attnum), 500) as comment, a.attidentity as identity, a.attgenerated <> '' as "isGenerated",
    pg_get_expr(def.adbin, def.adrelid, true) as text, ${usesOf('def.adbin')} as uses, ${elsewhere('pg_attrdef', 'def.oid', 'a.attrelid')} as "isElsewhere"
  from pg_attribute a left join pg_attrdef def on def.adrelid = a.attrelid and def.adnum = a.attnum
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped`

const valuesQuery = `
  select a.attnum as number, array(select e.enumlabel::text from pg_enum e where e.enumtypid = any (array[t.oid, t.typelem, t.typbasetype])
    order by e.enumsortorder limit ${maxValues + 1}) as values
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
    and exists (select from pg_enum e where e.enumtypid = any (array[t.oid, t.typelem, t.typbasetype]))`

/** The columns that the person may see. Of a masked one, nothing is told that could be a value of it. */
export async function readColumns(client: PoolClient, table: KnownTable): Promise<DescribedColumn[]> {
  const { rows } = await client.query<ColumnRow>(columnsQuery, [table.oid])
  const enums = await client.query<{ number: number; values: string[] }>(valuesQuery, [table.oid])
  const rowsByNumber = new Map(rows.map((row) => [row.number, row]))
  const valuesByNumber = new Map(enums.rows.map(({ number, values }) => [number, values]))
  return table.columns.flatMap(({ number, name, fate }) => {
    const row = rowsByNumber.get(number)
    if (!row || fate === 'hidden') return []
    const { sqlName, type, nullable, comment } = row
    const column = { number, name, sqlName, type, nullable, masked: fate === 'masked', ...(comment === null ? {} : { comment }) }
    return [fate === 'masked' ? column : { ...column, ...originOf(row, table), ...valuesOf(valuesByNumber.get(number)) }]
  })
}

/** Where the value comes from when a row is written. */
function originOf(row: ColumnRow, table: KnownTable): Pick<DescribedColumn, 'default' | 'identity' | 'generated'> {
  if (row.identity !== '') return { identity: row.identity === 'a' ? 'always' : 'by default' }
  const text = openText(row, table)
  if (row.isGenerated) return { generated: text ?? '(expression)' }
  return text === undefined ? {} : { default: text }
}

function valuesOf(values: string[] = []): Pick<DescribedColumn, 'values'> {
  if (values.length === 0) return {}
  return { values: values.length > maxValues ? [...values.slice(0, maxValues), '…'] : values }
}
