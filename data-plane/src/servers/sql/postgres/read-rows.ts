import type { FieldDef, PoolClient } from 'pg'
import type Cursor from 'pg-cursor'

const batch = 200

export interface Rows {
  fields: FieldDef[]
  /** Every value as PostgreSQL writes it. */
  rows: (string | null)[][]
  more: boolean
}

const asText = { getTypeParser: () => (text: unknown) => text }

/** Reads at most so many rows through a cursor. Always the extended protocol: one statement, its parameters apart. */
export async function readRows(client: PoolClient, text: string, params: readonly unknown[], max: number): Promise<Rows> {
  const { default: Cursor } = await import('pg-cursor')
  const cursor = client.query(new Cursor<(string | null)[]>(text, [...params], { rowMode: 'array', types: asText }))
  const rows: (string | null)[][] = []
  let fields: FieldDef[] = []
  for (let last = false; !last && rows.length <= max;) {
    const wanted = Math.min(batch, max + 1 - rows.length)
    const part = await readPart(cursor, wanted)
    rows.push(...part.rows)
    fields = part.fields
    last = part.rows.length < wanted
  }
  // A cursor that failed has closed itself.
  await cursor.close()
  return { fields, rows: rows.slice(0, max), more: rows.length > max }
}

function readPart(cursor: Cursor<(string | null)[]>, max: number): Promise<{ fields: FieldDef[]; rows: (string | null)[][] }> {
  return new Promise((resolve, reject) => {
    cursor.read(max, (error, rows, result) => (error ? reject(error) : resolve({ fields: result.fields, rows })))
  })
}
