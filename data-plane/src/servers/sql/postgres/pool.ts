import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Client, Pool, PoolClient } from 'pg'
import type { OpenConnection } from '../connection/open-connection.ts'
import type { Connection } from '../connection/settings.ts'

const maxClients = 4
const idleMs = 30_000
const connectMs = 5_000

interface Entry {
  settings: string
  pool: Pool
  readSecret: OpenConnection['readSecret']
}

const entries = new Map<string, Entry>()

/** A client of the connection's pool. The pool is made at first use, replaced when the settings change, and empty when idle. */
export async function checkOut(reach: Pick<OpenConnection, 'name' | 'connection' | 'readSecret'>): Promise<PoolClient> {
  const { Pool } = await loadPg()
  const settings = JSON.stringify(reach.connection)
  const known = entries.get(reach.name)
  if (known?.settings === settings) {
    known.readSecret = reach.readSecret
    return connectTwice(known.pool)
  }
  // Ends once those who hold a client have returned it.
  if (known) void known.pool.end().catch(() => undefined)
  const entry: Entry = { settings, pool: undefined as never, readSecret: reach.readSecret }
  entry.pool = new Pool({
    ...clientConfig(reach.connection, () => entry.readSecret),
    max: maxClients,
    idleTimeoutMillis: idleMs,
    allowExitOnIdle: true,
  })
  // A client that dies while idle leaves the pool by itself.
  entry.pool.on('error', () => undefined)
  entries.set(reach.name, entry)
  return connectTwice(entry.pool)
}

/** A log-in that fails is tried once more: each reads the password anew, and it may just have been changed. */
async function connectTwice(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    if ((error as { code?: unknown }).code === '28P01') return pool.connect()
    if (pool.totalCount < maxClients) throw error
    throw new ToolError('rate_limited', 'Every connection to this database is busy.', {
      retryable: true,
      hint: 'Try again in a moment.',
      cause: error,
    })
  }
}

/** Loaded when the first query comes, so that a plane without SQL does not pay for it. */
export const loadPg = async () => (await import('pg')).default

export function clientConfig(connection: Connection, secrets: () => OpenConnection['readSecret']) {
  const { host, port, database, user, password, tls } = connection
  return {
    host,
    port,
    database,
    user,
    ...(password ? { password: passwordOf(password, secrets) } : {}),
    ssl: tls === 'verify' ? { rejectUnauthorized: true } : false,
    application_name: 'bir-mcp',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  }
}

/** A log-in without a password is ended here: pg leaves it open, and it would hold a place at the database for a minute. */
function passwordOf(password: SecretRef, secrets: () => OpenConnection['readSecret']) {
  return async function read(this: Client): Promise<string> {
    try {
      return await readPassword(password, secrets())
    } catch (error) {
      void this.end()
      throw error
    }
  }
}

async function readPassword(password: SecretRef, readSecret: OpenConnection['readSecret']): Promise<string> {
  try {
    return await readSecret(password)
  } catch (cause) {
    throw new ToolError('upstream_down', "The gateway's password for this database cannot be read.", {
      hint: 'Tell an administrator.',
      cause,
    })
  }
}
