import type { PoolClient } from 'pg'
import { ToolError } from '@bir/sdk/contract/errors'
import { givenUp } from '../../connection/given-up.ts'
import type { OpenConnection } from '../../connection/open-connection.ts'
import { capBytes } from './byte-cap.ts'
import { cancelQuery } from './cancel.ts'
import { toToolError } from './errors.ts'
import { withClient } from './pool.ts'
import { quoteIdentifier, quoteLiteral } from './quote.ts'

/**
 * Runs `work` in a read-only transaction. The transaction is always rolled back, and the session reset before its next
 * use. A call that is given up, or whose time is over, fails at once, even when the database is slow to stop.
 */
export async function inReadOnlyTransaction<T>(connection: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  if (connection.signal.aborted) throw givenUp(connection)
  try {
    return await withClient(connection, (client) => transact(client, connection, work))
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw connection.signal.aborted ? givenUp(connection, error) : toToolError(error)
  }
}

/** Gives the client back when the database has stopped: until then its place is taken. */
async function transact<T>(client: PoolClient, connection: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const byteCap = capBytes(client)
  // When the socket breaks, the running query fails. Without a listener, the error would also end the process.
  const ignoreError = () => undefined
  client.on('error', ignoreError)
  let cancellation: Promise<void> | undefined
  const cancel = () => {
    cancellation = cancelQuery(client, connection).catch(() => undefined)
  }
  connection.signal.addEventListener('abort', cancel)
  const release = async () => {
    connection.signal.removeEventListener('abort', cancel)
    // A cancellation that still runs could hit the next query of this session.
    await cancellation
    byteCap.stop()
    const isClean = byteCap.exceeded() === undefined && (await resetSession(client))
    client.off('error', ignoreError)
    client.release(!isClean)
  }

  try {
    if (connection.signal.aborted) throw givenUp(connection)
    await client.query(beginStatement(connection))
    if (connection.signal.aborted) throw givenUp(connection)
    return await work(client)
  } catch (error) {
    throw byteCap.exceeded() ?? (connection.signal.aborted ? givenUp(connection, error) : toToolError(error))
  } finally {
    await release()
  }
}

async function resetSession(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    await client.query('discard all')
    return true
  } catch {
    return false
  }
}

/**
 * Begins the transaction and sets every parameter that changes the meaning of a statement, how long it may run, or the
 * text format of values. So defaults of the role or the database have no effect.
 */
function beginStatement(connection: OpenConnection): string {
  const { settings } = connection
  const restMs = restOf(connection)
  const parameters = {
    statement_timeout: String(restMs),
    lock_timeout: '2000',
    idle_in_transaction_session_timeout: String(restMs + 5_000),
    search_path: `pg_catalog, ${quoteIdentifier(settings.schema)}, pg_temp`,
    standard_conforming_strings: 'on',
    row_security: 'on',
    datestyle: 'ISO, YMD',
    intervalstyle: 'postgres',
    timezone: 'UTC',
    bytea_output: 'hex',
    extra_float_digits: '1',
  }
  const sets = Object.entries(parameters).map(
    ([name, value]) => `set local ${name} = ${name === 'search_path' ? value : quoteLiteral(value)}`,
  )
  return ['begin transaction read only', ...sets].join('; ')
}

/** What is left of the call's time, in whole ms, and 1 when it is over: 0 would switch the limit off. */
const restOf = ({ deadlineMs }: OpenConnection) => Math.max(1, Math.ceil(deadlineMs - performance.now()))

/** Less than this is not worth a round trip. */
const noticeableMs = 100

/** Lets the next statement run for what is left of the call's time: the database counts anew for each statement. */
export async function limitToRest(client: PoolClient, connection: OpenConnection): Promise<void> {
  if (connection.timeoutMs - restOf(connection) < noticeableMs) return
  await client.query(`set local statement_timeout = ${restOf(connection)}`)
}
