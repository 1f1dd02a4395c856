import { readFileSync } from 'node:fs'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { bankRows } from './rows.ts'

const tables = ['customers', 'accounts', 'transactions', 'salaries'] as const
/** Functions that let a role write large objects without a right on any table. */
const revokedFunctions = ['lo_creat(integer)', 'lo_create(oid)', 'lo_from_bytea(oid, bytea)']

/**
 * Fills an empty bank, in one transaction. So after a start that was killed half-way, the next start fills it again.
 */
export async function seedBank(ownerUrl: string, today = new Date()): Promise<'seeded' | 'kept'> {
  return withClient(ownerUrl, async (client) => {
    const { rowCount } = await client.query("select from pg_tables where schemaname = 'public' and tablename = 'customers'")
    if (rowCount) return 'kept'
    await client.query('begin')
    await client.query(text('schema.sql'))
    const { customers, accounts, salaries } = bankRows(today.getUTCFullYear())
    for (const [table, rows] of Object.entries({ customers, accounts, salaries })) {
      await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(rows.map((row) => ({ ...row, ...(table === 'salaries' && { currency: 'AZN' }) }))),
      ])
    }
    const [setSeed = '', insert = ''] = text('transactions.sql').split(/(?<=setseed\(.*\);)\n/)
    await client.query(setSeed)
    await client.query(insert, [today.toISOString().slice(0, 10), accounts.length])
    await client.query(text('after.sql'))
    await client.query('commit')
    return 'seeded'
  })
}

/** Creates or updates the role of the `sql` server. It can read the four tables, and nothing else. */
export async function ensureReader(superuserBankUrl: string, name: string, password: string): Promise<void> {
  await withClient(superuserBankUrl, async (client) => {
    const role = escapeIdentifier(name)
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name])
    if (!rowCount) await client.query(`create role ${role} login`)
    await client.query(`alter role ${role} nosuperuser nocreatedb nocreaterole noreplication nobypassrls connection limit 20`)
    await client.query(`alter role ${role} password ${escapeLiteral(password)}`)
    await client.query(`alter role ${role} set default_transaction_read_only = on`)
    await client.query(`alter role ${role} set statement_timeout = '60s'`)
    await client.query(`grant connect on database bank to ${role}`)
    await client.query(`grant usage on schema public to ${role}`)
    await client.query(`grant select on ${tables.join(', ')} to ${role}`)
    for (const signature of revokedFunctions) await client.query(`revoke execute on function ${signature} from public`)
  })
}

const text = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
