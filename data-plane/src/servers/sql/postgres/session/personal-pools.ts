import { ToolError } from '@bir/sdk/contract/errors'
import type { Pool, PoolClient } from 'pg'
import type { FairQueue } from '../../../../runtime/fair-queue.ts'
import type { OpenConnection } from '../../connection/open-connection.ts'
import { clientConfig, readLogIn } from './log-in.ts'
import type { LogIn } from './log-in.ts'
import { inTurn, SessionPool, sessionQueue } from './session-pool.ts'

/** Of one connection: so many people's calls run at once, and so many people's sessions may stay open. */
const maxAtOnce = 16
const maxPeople = 32
/** Of one person: so many calls run at once, and a session that nobody uses is closed after this time. */
const maxClients = 2
const idleMs = 10_000

interface Held {
  readonly pool: SessionPool
  readonly logIn: LogIn
}

/**
 * The pools of a connection on which each person logs in with a secret of their own. A session is used by the person
 * who logged in alone, and a log-in that changed gets a pool of its own.
 */
export class PersonalPools {
  /** The settings the pools are made with, as JSON. */
  readonly settings: string
  private readonly PgPool: typeof Pool
  private readonly connection: string
  private readonly queue: FairQueue
  /** By person, the least recently used first. */
  private readonly held = new Map<string, Held>()
  private readonly end: (pool: SessionPool) => void

  /** `end` takes the pools that are of no use any more. */
  constructor(PgPool: typeof Pool, { name }: OpenConnection, settings: string, end: (pool: SessionPool) => void) {
    this.PgPool = PgPool
    this.connection = name
    this.settings = settings
    this.queue = sessionQueue(name, maxAtOnce)
    this.end = end
  }

  async use<T>(connection: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const pool = this.poolOf(connection, await readLogIn(connection.settings, connection.readSecret))
    let isIn = false
    const entered = (client: PoolClient) => {
      isIn = true
      return work(client)
    }
    return pool
      .use(connection, entered, (connect) => inTurn(this.queue, connection, connect))
      .catch((error: unknown) => {
        throw isIn ? error : ofLogIn(error)
      })
  }

  endAll(): void {
    for (const { pool } of this.held.values()) this.end(pool)
    this.held.clear()
  }

  refuseWaiting(): void {
    for (const { pool } of this.held.values()) pool.refuseWaiting()
  }

  private poolOf({ caller, settings }: OpenConnection, logIn: LogIn): SessionPool {
    const known = this.held.get(caller)
    const isSame = known?.logIn.user === logIn.user && known.logIn.password === logIn.password
    if (known && !isSame) this.end(known.pool)
    const held = known && isSame ? known : { logIn, pool: this.open(settings, logIn) }
    this.held.delete(caller)
    this.held.set(caller, held)
    this.makeRoom()
    return held.pool
  }

  private open(settings: OpenConnection['settings'], logIn: LogIn): SessionPool {
    return new SessionPool(this.PgPool, { connection: this.connection, config: clientConfig(settings, logIn), maxClients, idleMs })
  }

  private makeRoom(): void {
    const [oldest] = this.held
    if (this.held.size <= maxPeople || !oldest) return
    this.held.delete(oldest[0])
    this.end(oldest[1].pool)
  }
}

/** The database refused the person's own log-in (PostgreSQL, appendix A, class 28): theirs to mend. */
function ofLogIn(error: unknown): unknown {
  const { code } = error as { code?: unknown }
  if (code !== '28P01' && code !== '28000') return error
  return new ToolError('secret_invalid', 'The database does not accept your log-in.', { hint: 'Save a new one.', cause: error })
}
