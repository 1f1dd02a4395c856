import { ToolError } from '@bir/sdk/contract/errors'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { CallContext } from '../../../server-kit/context.ts'
import type { Connection, SqlSettings } from './settings.ts'

/** One person on one connection: what every tool works with. */
export interface OpenConnection {
  name: string
  connection: Connection
  rules: TableRules
  readSecret: CallContext['readSecret']
  signal: AbortSignal
}

type Context = Pick<CallContext, 'tables' | 'readSecret' | 'signal'> & { settings: SqlSettings }

/** The connections on which the person has any table. */
export function reaches(context: Context): OpenConnection[] {
  const readSecret: OpenConnection['readSecret'] = (ref) => context.readSecret(ref)
  return Object.entries(context.settings.connections).flatMap(([name, connection]) => {
    const rules = context.tables(name)
    return rules && rules.allow.length > 0 ? [{ name, connection, rules, readSecret, signal: context.signal }] : []
  })
}

/** The named connection, or the only one. One that does not exist and one without tables are the same. */
export function reach(context: Context, name: string | undefined): OpenConnection {
  const all = reaches(context)
  const known = all.map((each) => each.name).join(', ')
  if (name === undefined && all.length > 1)
    throw new ToolError('invalid_input', 'Several connections: name one.', { hint: `connection is one of: ${known}.` })
  const found = name === undefined ? all[0] : all.find((each) => each.name === name)
  if (found) return found
  throw new ToolError('not_found', name === undefined ? 'No database is open to you.' : `The connection "${name}" is not open to you.`, {
    hint: known === '' ? 'Ask an administrator for a restriction that allows tables.' : `Open to you: ${known}.`,
  })
}

/** The names of connections on which the person has any table. */
export const openConnections = (context: Context): string[] => reaches(context).map(({ name }) => name)
