import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Client, Pool, PoolClient } from 'pg'
import type { OpenConnection } from '../connection/open-connection.ts'
import type { ConnectionSettings } from '../connection/settings.ts'

const maxClients = 4
const idleMs = 30_000
const connectMs = 5_000

interface PoolEntry {
  /** The settings the pool was made with, as JSON. */
  settings: string
  pool: Pool
  /** The function of the latest call. With it, each log-in reads the password as it is now. */
  readSecret: OpenConnection['readSecret']
}

/** One pool for each connection, by its name. All callers share it. */
const entries = new Map<string, PoolEntry>()
/**
 * Pools that are ending, also those that a change of settings has replaced. A pool ends when its last client is back.
 */
const endingPools = new Set<Promise<void>>()

/** Takes a client from the connection's pool. The pool is made at first use and replaced when the settings change. */
export async function checkOut(connection: Pick<OpenConnection, 'name' | 'settings' | 'readSecret'>): Promise<PoolClient> {
  const { Pool } = await loadPg()
  const settings = JSON.stringify(connection.settings)
  const existingEntry = entries.get(connection.name)
  if (existingEntry?.settings === settings) {
    existingEntry.readSecret = connection.readSecret
    return connectTwice(existingEntry.pool)
  }
  if (existingEntry) endPool(existingEntry.pool)
  const entry: PoolEntry = { settings, pool: undefined as never, readSecret: connection.readSecret }
  entry.pool = new Pool({
    ...clientConfig(connection.settings, () => entry.readSecret),
    max: maxClients,
    idleTimeoutMillis: idleMs,
    allowExitOnIdle: true,
  })
  // The pool drops a client that dies while idle. Without a listener, its error would end the process.
  entry.pool.on('error', () => undefined)
  entries.set(connection.name, entry)
  return connectTwice(entry.pool)
}

/** Ends every pool and waits for the transactions that still run. A later `checkOut` makes a new pool. */
export async function closePools(): Promise<void> {
  for (const { pool } of entries.values()) endPool(pool)
  entries.clear()
  await Promise.all(endingPools)
}

/** Closes idle clients at once, and each other client when its transaction has ended. */
function endPool(pool: Pool): void {
  const ending = pool
    .end()
    .catch(() => undefined)
    .finally(() => endingPools.delete(ending))
  endingPools.add(ending)
}

/**
 * Tries a log-in again if its password was wrong: each try reads the password anew, and it may just have been changed.
 */
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

/** Loads the driver with the first query, so that a data plane without SQL does not load it. */
export const loadPg = async () => (await import('pg')).default

/** `currentReadSecret` returns the function to read the password with. It is called again at each log-in. */
export function clientConfig(settings: ConnectionSettings, currentReadSecret: () => OpenConnection['readSecret']) {
  const { host, port, database, user, password, tls } = settings
  return {
    host,
    port,
    database,
    user,
    ...(password ? { password: passwordReader(password, currentReadSecret) } : {}),
    ssl: tls === 'verify' ? { rejectUnauthorized: true } : false,
    application_name: 'bir-mcp',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  }
}

/**
 * Ends the log-in when the password cannot be read. The driver would leave its socket open, and the database would
 * keep a place for it for a minute.
 */
function passwordReader(password: SecretRef, currentReadSecret: () => OpenConnection['readSecret']) {
  return async function read(this: Client): Promise<string> {
    try {
      return await readPassword(password, currentReadSecret())
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
