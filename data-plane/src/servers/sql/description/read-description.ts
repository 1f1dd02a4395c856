import type { TableId } from '@bir/sdk/contract/tables'
import type { PoolClient } from 'pg'
import { readCells } from '../format/cells.ts'
import type { Cell } from '../format/cells.ts'
import { noSuchTable } from '../guard/syntax/refusal.ts'
import { openColumns, tableKey } from '../guard/resolve/tables.ts'
import type { KnownTable } from '../guard/resolve/tables.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { postgresDialect } from '../postgres/dialect.ts'
import { readKnownTables } from '../postgres/catalogue/known-tables.ts'
import { readRows } from '../postgres/session/read-rows.ts'
import { inReadOnlyTransaction } from '../postgres/session/transaction.ts'
import { readChecks } from './read-checks.ts'
import { readColumns } from './read-columns.ts'
import type { DescribedColumn } from './read-columns.ts'
import { readForeignKeys } from './read-foreign-keys.ts'
import { readIndexes } from './read-indexes.ts'
import type { Indexes } from './read-indexes.ts'

const maxSampleRows = 3

export interface TableDescription extends Indexes {
  sqlName: string
  comment: string | null
  kind: string
  columns: DescribedColumn[]
  checks: string[]
  references: string[]
  referenced_by: string[]
  sample?: Cell[][]
}

/**
 * Describes a table as the person may see it: a hidden column is in no column list, key, index, check or foreign key.
 */
export function readDescription(
  connection: OpenConnection,
  id: TableId,
  writtenName: string,
  withSample: boolean,
): Promise<TableDescription> {
  return inReadOnlyTransaction(connection, async (client) => {
    const table = (await readKnownTables(client, connection.rules, [id])).get(tableKey(id))
    if (!table) throw noSuchTable(writtenName)
    return {
      ...(await readHead(client, table.oid)),
      columns: await readColumns(client, table),
      ...(await readIndexes(client, table)),
      checks: await readChecks(client, table),
      references: await readForeignKeys(client, connection.rules, table, 'conrelid'),
      referenced_by: await readForeignKeys(client, connection.rules, table, 'confrelid'),
      ...(withSample && !table.hasClosedParts ? { sample: await readSample(client, table) } : {}),
    }
  })
}

async function readHead(client: PoolClient, oid: number): Promise<Pick<TableDescription, 'sqlName' | 'comment' | 'kind'>> {
  const { rows } = await client.query<Pick<TableDescription, 'sqlName' | 'comment' | 'kind'>>(
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as "sqlName", left(obj_description(c.oid, 'pg_class'), 1000) as comment,
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`,
    [oid],
  )
  return rows[0] ?? { sqlName: '', comment: null, kind: 'table' }
}

async function readSample(client: PoolClient, table: KnownTable): Promise<Cell[][]> {
  if (openColumns(table).length === 0) return []
  const { selectOpenColumns, quoteName } = postgresDialect
  const text = selectOpenColumns(table, `${quoteName(table.schema)}.${quoteName(table.table)}`)
  const { fields, rows } = await readRows(client, text, [], maxSampleRows)
  return readCells(
    rows,
    fields.map(({ dataTypeID }) => dataTypeID),
  )
}
