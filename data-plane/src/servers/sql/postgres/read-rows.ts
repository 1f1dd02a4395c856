import type { FieldDef, PoolClient } from 'pg'
import type Cursor from 'pg-cursor'

const maxBatchRows = 200

export interface Rows {
  fields: FieldDef[]
  /** Every value in PostgreSQL's text format. */
  rows: (string | null)[][]
  hasMore: boolean
}

const asText = { getTypeParser: () => (text: unknown) => text }

/**
 * Reads at most `maxRows` rows through a cursor. A cursor always uses the extended protocol, which accepts exactly one
 * statement and sends the parameters separately from its text.
 */
export async function readRows(client: PoolClient, text: string, params: readonly unknown[], maxRows: number): Promise<Rows> {
  const { default: Cursor } = await import('pg-cursor')
  const cursor = client.query(new Cursor<(string | null)[]>(text, [...params], { rowMode: 'array', types: asText }))
  const rows: (string | null)[][] = []
  let fields: FieldDef[] = []
  for (let isLastBatch = false; !isLastBatch && rows.length <= maxRows;) {
    const batchSize = Math.min(maxBatchRows, maxRows + 1 - rows.length)
    const batch = await readBatch(cursor, batchSize)
    rows.push(...batch.rows)
    fields = batch.fields
    isLastBatch = batch.rows.length < batchSize
  }
  // Not in a `finally`: a cursor that fails closes itself.
  await cursor.close()
  return { fields, rows: rows.slice(0, maxRows), hasMore: rows.length > maxRows }
}

function readBatch(cursor: Cursor<(string | null)[]>, size: number): Promise<{ fields: FieldDef[]; rows: (string | null)[][] }> {
  return new Promise((resolve, reject) => {
    cursor.read(size, (error, rows, result) => (error ? reject(error) : resolve({ fields: result.fields, rows })))
  })
}
