import { ToolError } from '@bir/sdk/contract/errors'
import type { Pool, PoolClient, PoolConfig } from 'pg'
import { FairQueue } from '../../../../runtime/fair-queue.ts'
import type { OpenConnection } from '../../connection/open-connection.ts'

/** How many calls may wait for a connection's sessions. A model rarely asks for more than ten things at once. */
const waitingBounds = { maxWaiting: 256, maxWaitingPerPerson: 32 }

/** A call whose turn comes with less than this part of its time left has waited too long to be worth running. */
const leastShare = 1 / 20

/** The sessions of a connection may be asked for by so many calls at once, in a fair order. */
export const sessionQueue = (connection: string, places: number): FairQueue =>
  new FairQueue({ resource: `the database ${connection}`, places, ...waitingBounds })

type Call = Pick<OpenConnection, 'caller' | 'signal' | 'deadlineMs' | 'timeoutMs'>

/** Runs the work when it is the call's turn. */
export function inTurn<T>(queue: FairQueue, { caller, signal, deadlineMs, timeoutMs }: Call, work: () => Promise<T>): Promise<T> {
  return queue.run(caller, signal, async () => {
    if (deadlineMs - performance.now() < timeoutMs * leastShare) throw queue.busy()
    return work()
  })
}

interface Options {
  readonly connection: string
  readonly config: PoolConfig
  readonly maxClients: number
  readonly idleMs: number
}

/** A pool and the queue in front of it. Every call in the pool has a place, so the pool itself never lets one wait. */
export class SessionPool {
  private readonly pool: Pool
  private readonly queue: FairQueue

  constructor(PgPool: typeof Pool, { connection, config, maxClients, idleMs }: Options) {
    this.queue = sessionQueue(connection, maxClients)
    this.pool = new PgPool({ ...config, max: maxClients, idleTimeoutMillis: idleMs, allowExitOnIdle: true })
    // The pool drops a client that dies while idle. Without a listener, its error would end the process.
    this.pool.on('error', () => undefined)
  }

  /** `within` holds what the call does with its place, where a turn is not all that it waits for. */
  use<T>(call: Call, work: (client: PoolClient) => Promise<T>, within: (run: () => Promise<T>) => Promise<T> = (run) => run()): Promise<T> {
    return inTurn(this.queue, call, () => within(async () => work(await this.connect())))
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
