import type { PoolClient } from 'pg'
import { ToolError } from '@bir/sdk/contract/errors'
import type { OpenConnection } from '../connection/open-connection.ts'
import { capBytes } from './byte-cap.ts'
import { cancelQuery } from './cancel.ts'
import { toToolError } from './errors.ts'
import { checkOut } from './pool.ts'

/**
 * Runs `work` in a read-only transaction. The transaction is always rolled back, and the session reset before its next
 * use.
 */
export async function inReadOnlyTransaction<T>(connection: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  if (connection.signal.aborted) throw abortError()
  const client = await checkOut(connection).catch((error: unknown) => {
    throw toToolError(error)
  })
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
    await client.query(beginStatement(connection))
    if (connection.signal.aborted) throw abortError()
    return await work(client)
  } catch (error) {
    throw byteCap.exceeded() ?? (connection.signal.aborted ? abortError(error) : toToolError(error))
  } finally {
    await release()
  }
}

const abortError = (cause?: unknown) =>
  new ToolError('timed_out', 'The call was given up and its query stopped.', { retryable: true, cause })

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
function beginStatement({ settings, rules }: OpenConnection): string {
  const timeoutMs = Math.min(settings.timeoutMs, rules.timeoutMs ?? Infinity)
  const parameters = {
    statement_timeout: String(timeoutMs),
    lock_timeout: '2000',
    idle_in_transaction_session_timeout: String(timeoutMs + 5_000),
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

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

const quoteLiteral = (value: string) => `'${value.replaceAll("'", "''")}'`
