import type { FieldDef, PoolClient } from 'pg'
import type Cursor from 'pg-cursor'

const firstBatchRows = 20
const maxBatchRows = 200
/** A batch of rows like those before it has about so many bytes at most. */
const maxBatchBytes = 1_000_000
/** No batch is read after so many bytes. Far enough from the byte cap, which refuses the whole answer. */
const maxBytes = 3_000_000

export interface Rows {
  fields: FieldDef[]
  /** Every value in PostgreSQL's text format. */
  rows: (string | null)[][]
  hasMore: boolean
  /** There are more rows, fewer than asked for were read, and one call may not receive more. */
  isFull: boolean
}

const asText = { getTypeParser: () => (text: unknown) => text }

/**
 * Reads at most `maxRows` rows through a cursor, and fewer when they are long: what is too much for one answer is not
 * fetched. A cursor always uses the extended protocol, which accepts exactly one statement and sends the parameters
 * separately from its text.
 */
export async function readRows(client: PoolClient, text: string, params: readonly unknown[], maxRows: number): Promise<Rows> {
  const { default: Cursor } = await import('pg-cursor')
  const cursor = client.query(new Cursor<(string | null)[]>(text, [...params], { rowMode: 'array', types: asText }))
  const rows: (string | null)[][] = []
  let fields: FieldDef[] = []
  let bytes = 0
  let isLastBatch = false
  while (!isLastBatch && rows.length <= maxRows && bytes < maxBytes) {
    const batchSize = Math.min(nextBatchRows(rows.length, bytes), maxRows + 1 - rows.length)
    const batch = await readBatch(cursor, batchSize)
    rows.push(...batch.rows)
    bytes += countBytes(batch.rows)
    fields = batch.fields
    isLastBatch = batch.rows.length < batchSize
  }
  // Not in a `finally`: a cursor that fails closes itself.
  await cursor.close()
  const isFull = !isLastBatch && rows.length <= maxRows
  // The last row shows that there are more. It is not told.
  const told = isFull ? rows.slice(0, -1) : rows.slice(0, maxRows)
  return { fields, rows: told, hasMore: rows.length > told.length, isFull }
}

const nextBatchRows = (rowCount: number, bytes: number): number =>
  rowCount === 0 ? firstBatchRows : Math.max(1, Math.min(maxBatchRows, Math.floor((maxBatchBytes * rowCount) / Math.max(1, bytes))))

/** As they came: every value has its length before it (Frontend/Backend Protocol, DataRow). */
function countBytes(rows: readonly (string | null)[][]): number {
  let bytes = 0
  for (const row of rows) for (const text of row) bytes += 4 + (text === null ? 0 : Buffer.byteLength(text))
  return bytes
}

function readBatch(cursor: Cursor<(string | null)[]>, size: number): Promise<{ fields: FieldDef[]; rows: (string | null)[][] }> {
  return new Promise((resolve, reject) => {
    cursor.read(size, (error, rows, result) => (error ? reject(error) : resolve({ fields: result.fields, rows })))
  })
}
