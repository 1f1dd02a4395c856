import type { FieldDef } from 'pg'
import type { Verdict } from '../guard/guard.ts'
import { hasClosedColumns } from '../guard/resolve/tables.ts'
import { refusal } from '../guard/syntax/refusal.ts'

/**
 * The last wall. PostgreSQL says of each column of a result whether it comes straight from a column of a table. That
 * must be the column that the guard resolved; where the guard resolved none, as for a cast that changes nothing, it
 * must be an open one. Refuses by throwing.
 */
export function checkOrigins(fields: readonly Pick<FieldDef, 'tableID' | 'columnID'>[], { tables, outputs }: Verdict): void {
  if (tables.some(hasClosedColumns) && fields.length !== outputs.length) throw untraceableColumn()
  for (const [index, { tableID, columnID }] of fields.entries()) {
    const origin = outputs[index]?.origin
    const isRight = origin ? origin.oid === tableID && origin.number === columnID : isOpen(tableID, columnID, tables)
    if (tableID !== 0 && !isRight) throw untraceableColumn()
  }
}

/** The column zero stands for the whole row. */
function isOpen(tableID: number, columnID: number, tables: Verdict['tables']): boolean {
  const table = tables.find(({ oid }) => oid === tableID)
  if (!table) return false
  return columnID === 0 ? !hasClosedColumns(table) : table.columns.find(({ number }) => number === columnID)?.fate === 'plain'
}

const untraceableColumn = () => refusal('A column could not be traced to its table.', 'Name the columns, table by table.')
