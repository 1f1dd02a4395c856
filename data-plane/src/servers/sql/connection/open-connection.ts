import { ToolError } from '@bir/sdk/contract/errors'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { CallContext } from '../../../server-kit/context.ts'
import type { ConnectionSettings, SqlSettings } from './settings.ts'

/**
 * A connection that is open to the caller: one on which their rules allow a table. Every tool works with one of these.
 */
export interface OpenConnection {
  name: string
  settings: ConnectionSettings
  rules: TableRules
  readSecret: CallContext['readSecret']
  signal: AbortSignal
}

type Context = Pick<CallContext, 'tables' | 'readSecret' | 'signal'> & { settings: SqlSettings }

export function listOpenConnections(context: Context): OpenConnection[] {
  const readSecret: OpenConnection['readSecret'] = (ref) => context.readSecret(ref)
  return Object.entries(context.settings.connections).flatMap(([name, settings]) => {
    const rules = context.tables(name)
    return rules && rules.allow.length > 0 ? [{ name, settings, rules, readSecret, signal: context.signal }] : []
  })
}

export const listOpenConnectionNames = (context: Context): string[] => listOpenConnections(context).map(({ name }) => name)

/**
 * The named connection, or the only one. A connection that is closed to the caller fails like one that does not exist.
 */
export function chooseConnection(context: Context, name: string | undefined): OpenConnection {
  const connections = listOpenConnections(context)
  const names = connections.map((connection) => connection.name).join(', ')
  if (name === undefined && connections.length > 1)
    throw new ToolError('invalid_input', 'Several connections: name one.', { hint: `connection is one of: ${names}.` })
  const connection = name === undefined ? connections[0] : connections.find((candidate) => candidate.name === name)
  if (connection) return connection
  throw new ToolError('not_found', name === undefined ? 'No database is open to you.' : `The connection "${name}" is not open to you.`, {
    hint: names === '' ? 'Ask an administrator for a restriction that allows tables.' : `Open to you: ${names}.`,
  })
}
