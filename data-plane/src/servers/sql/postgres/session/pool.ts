import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Client, Pool, PoolClient } from 'pg'
import { FairQueue } from '../../../../runtime/fair-queue.ts'
import type { OpenConnection } from '../../connection/open-connection.ts'
import type { ConnectionSettings } from '../../connection/settings.ts'

const maxClients = 4
const idleMs = 30_000
const connectMs = 5_000
/** How many calls may wait for a connection's sessions. A model rarely asks for more than ten things at once. */
const waitingBounds = { maxWaiting: 256, maxWaitingPerPerson: 32 }

/** A call whose turn comes with less than this part of its time left has waited too long to be worth running. */
const leastShare = 1 / 20

/** The connection's pool, by its name. All callers share it. */
const pools = new Map<string, SharedPool>()
/** What ends, also pools that a change of settings has replaced. A pool ends when its last call is over. */
const endingPools = new Set<Promise<void>>()

/**
 * Runs the work with a client of the connection's pool, when it is the caller's turn. The pool is made at first use and
 * replaced when the settings change. Calls that wait for the old one by then still get it.
 */
export async function withClient<T>(connection: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const { Pool } = await loadPg()
  const settings = JSON.stringify(connection.settings)
  let pool = pools.get(connection.name)
  if (pool?.settings !== settings) {
    if (pool) endWhenUnused(pool)
    pool = new SharedPool(Pool, connection, settings)
    pools.set(connection.name, pool)
  }
  return pool.use(connection, work)
}

/**
 * Ends every pool and waits for the transactions that still run. Calls that wait fail. A later call makes a new pool.
 */
export async function closePools(): Promise<void> {
  for (const pool of pools.values()) {
    pool.refuseWaiting()
    endWhenUnused(pool)
  }
  pools.clear()
  await Promise.all(endingPools)
}

function endWhenUnused(pool: SharedPool): void {
  const ending = pool.endWhenUnused().finally(() => endingPools.delete(ending))
  endingPools.add(ending)
}

/** A pool and the queue in front of it. Every call in the pool has a place, so the pool itself never lets one wait. */
class SharedPool {
  /** The settings the pool was made with, as JSON. */
  readonly settings: string
  private readonly pool: Pool
  private readonly queue: FairQueue
  /** The function of the latest call. With it, each log-in reads the password as it is now. */
  private readSecret: OpenConnection['readSecret']

  constructor(PgPool: typeof Pool, { name, settings, readSecret }: OpenConnection, settingsText: string) {
    this.settings = settingsText
    this.readSecret = readSecret
    this.queue = new FairQueue({ resource: `the database ${name}`, places: maxClients, ...waitingBounds })
    this.pool = new PgPool({
      ...clientConfig(settings, () => this.readSecret),
      max: maxClients,
      idleTimeoutMillis: idleMs,
      allowExitOnIdle: true,
    })
    // The pool drops a client that dies while idle. Without a listener, its error would end the process.
    this.pool.on('error', () => undefined)
  }

  async use<T>(
    { readSecret, caller, signal, deadlineMs, timeoutMs }: OpenConnection,
    work: (client: PoolClient) => Promise<T>,
  ): Promise<T> {
    this.readSecret = readSecret
    return this.queue.run(caller, signal, async () => {
      if (deadlineMs - performance.now() < timeoutMs * leastShare) throw this.queue.busy()
      return work(await this.connect())
    })
  }

  refuseWaiting(): void {
    this.queue.rejectWaiting(
      new ToolError('upstream_down', 'The gateway is stopping.', { retryable: true, hint: 'Try again in a moment.' }),
    )
  }

  /** Closes idle clients once nobody waits, and each other client when its transaction has ended. Never rejects. */
  async endWhenUnused(): Promise<void> {
    await this.queue.whenIdle()
    await this.pool.end().catch(() => undefined)
  }

  /**
   * Tries a log-in again if its password was wrong: each try reads the password anew, and it may just have been
   * changed.
   */
  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect()
    } catch (error) {
      if ((error as { code?: unknown }).code === '28P01') return this.pool.connect()
      throw error
    }
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
      this.end().catch(() => undefined)
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
