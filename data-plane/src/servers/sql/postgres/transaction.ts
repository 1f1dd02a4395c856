import type { PoolClient } from 'pg'
import { ToolError } from '@bir/sdk/contract/errors'
import type { OpenConnection } from '../connection/open-connection.ts'
import { capBytes } from './byte-cap.ts'
import { cancelBackend } from './cancel.ts'
import { told } from './errors.ts'
import { checkOut } from './pool.ts'

/** Runs `work` in a read-only transaction that is always rolled back, on a session that is wiped before its next use. */
export async function reading<T>(reach: OpenConnection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  if (reach.signal.aborted) throw givenUp()
  const client = await checkOut(reach).catch((error: unknown) => {
    throw told(error)
  })
  const bytes = capBytes(client)
  // A connection lost in mid-query fails the query; without a listener it would also end the process.
  const lost = () => undefined
  client.on('error', lost)
  let cancelling: Promise<void> | undefined
  const cancel = () => {
    cancelling = cancelBackend(client, reach).catch(() => undefined)
  }
  reach.signal.addEventListener('abort', cancel)
  const release = async () => {
    reach.signal.removeEventListener('abort', cancel)
    // A cancellation still under way must not meet the next user of this session.
    await cancelling
    bytes.stop()
    const clean = bytes.exceeded() === undefined && (await wiped(client))
    client.off('error', lost)
    client.release(!clean)
  }

  try {
    await client.query(begin(reach))
    if (reach.signal.aborted) throw givenUp()
    return await work(client)
  } catch (error) {
    throw bytes.exceeded() ?? (reach.signal.aborted ? givenUp(error) : told(error))
  } finally {
    await release()
  }
}

const givenUp = (cause?: unknown) => new ToolError('timed_out', 'The call was given up and its query stopped.', { retryable: true, cause })

async function wiped(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    await client.query('discard all')
    return true
  } catch {
    return false
  }
}

/** Everything a statement's meaning, duration or spelling of values hangs on is pinned, whatever role or database default. */
function begin({ connection, rules }: OpenConnection): string {
  const timeoutMs = Math.min(connection.timeoutMs, rules.timeoutMs ?? Infinity)
  const pinned = {
    statement_timeout: String(timeoutMs),
    lock_timeout: '2000',
    idle_in_transaction_session_timeout: String(timeoutMs + 5_000),
    search_path: `pg_catalog, ${quoted(connection.schema)}, pg_temp`,
    standard_conforming_strings: 'on',
    row_security: 'on',
    datestyle: 'ISO, YMD',
    intervalstyle: 'postgres',
    timezone: 'UTC',
    bytea_output: 'hex',
    extra_float_digits: '1',
  }
  const sets = Object.entries(pinned).map(([name, value]) => `set local ${name} = ${name === 'search_path' ? value : literal(value)}`)
  return ['begin transaction read only', ...sets].join('; ')
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const literal = (value: string) => `'${value.replaceAll("'", "''")}'`
