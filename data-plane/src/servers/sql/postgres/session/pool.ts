import type { Pool, PoolClient } from 'pg'
import type { OpenConnection } from '../../connection/open-connection.ts'
import { isPersonal } from '../../connection/settings.ts'
import { clientConfig, loadPg, passwordReader } from './log-in.ts'
import { PersonalPools } from './personal-pools.ts'
import { SessionPool } from './session-pool.ts'

const maxClients = 4
const idleMs = 30_000

/** The pools of a connection, by its name. */
const pools = new Map<string, SharedPool | PersonalPools>()
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
    pool?.endAll()
    pool = isPersonal(connection.settings)
      ? new PersonalPools(Pool, connection, settings, endWhenUnused)
      : new SharedPool(Pool, connection, settings)
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
    pool.endAll()
  }
  pools.clear()
  await Promise.all(endingPools)
}

function endWhenUnused(pool: SessionPool): void {
  const ending = pool.endWhenUnused().finally(() => endingPools.delete(ending))
  endingPools.add(ending)
}

/** The pool of a connection on which the gateway logs in with one role for everybody. All callers share it. */
class SharedPool {
  /** The settings the pool was made with, as JSON. */
  readonly settings: string
  private readonly pool: SessionPool
  /** The function of the latest call. With it, each log-in reads the password as it is now. */
  private readSecret: OpenConnection['readSecret']

  constructor(PgPool: typeof Pool, { name, settings, readSecret }: OpenConnection, settingsText: string) {
    this.settings = settingsText
    this.readSecret = readSecret
    const { user, password } = settings
    const logIn = { user: typeof user === 'string' ? user : '', password: password && passwordReader(password, () => this.readSecret) }
    this.pool = new SessionPool(PgPool, { connection: name, config: clientConfig(settings, logIn), maxClients, idleMs })
  }

  use<T>(connection: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
    this.readSecret = connection.readSecret
    return this.pool.use(connection, work)
  }

  refuseWaiting(): void {
    this.pool.refuseWaiting()
  }

  endAll(): void {
    endWhenUnused(this.pool)
  }
}
