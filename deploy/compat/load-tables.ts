import { Client } from 'pg'
import { z } from 'zod'

const Row = z.record(z.string(), z.unknown())

/** The file `tables.json` of a release: the migrations that its database had, and the rows of its tables. */
export const Dump = z.object({ migrations: z.array(z.string()), tables: z.record(z.string(), z.array(Row)) })
type Dump = z.infer<typeof Dump>

/** Fills a database that has the tables of that release. All of the policy counts as changed, as after a restore. */
export async function loadTables(url: string, { tables }: Dump): Promise<void> {
  const db = new Client({ connectionString: url })
  await db.connect()
  try {
    // The rows refer to each other in every direction.
    await db.query('set session_replication_role = replica')
    await createPartitions(db, tables)
    for (const [name, rows] of Object.entries(tables)) {
      const columns = await writableColumns(db, name)
      await db.query(`insert into "${name}" (${columns}) select ${columns} from jsonb_populate_recordset(null::"${name}", $1::jsonb)`, [
        JSON.stringify(rows),
      ])
    }
    await db.query(`insert into dirty (part) values ('all')`)
  } finally {
    await db.end()
  }
}

async function writableColumns(db: Client, table: string): Promise<string> {
  const { rows } = await db.query<{ name: string }>(
    `select quote_ident(column_name) as name from information_schema.columns
     where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'`,
    [table],
  )
  return rows.map(({ name }) => name).join(', ')
}

/** The audit lies in a part for each day. */
async function createPartitions(db: Client, tables: Dump['tables']): Promise<void> {
  for (const table of ['audit_headers', 'audit_bodies']) {
    const days = new Set((tables[table] ?? []).map(({ at }) => new Date(String(at)).toISOString().slice(0, 10)))
    for (const day of days) {
      const next = new Date(Date.parse(day) + 24 * 60 * 60_000).toISOString().slice(0, 10)
      await db.query(
        `create table ${table}_${day.replaceAll('-', '')} partition of ${table} for values from ('${day}T00:00Z') to ('${next}T00:00Z')`,
      )
    }
  }
}
