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
  /** The id of the person who calls. People share the parser and the sessions of the database in turn. */
  caller: string
  /** The most time that the call may take: to wait, be parsed, be checked and run, all together. */
  timeoutMs: number
  /** When this time is over, in ms of `performance.now()`. */
  deadlineMs: number
  /** Aborted when the call is given up, and soon after the deadline. */
  signal: AbortSignal
}

type Context = Pick<CallContext, 'tables' | 'readSecret' | 'signal' | 'caller'> & { settings: SqlSettings }

/** The database stops a query at the deadline by itself. One that goes on is given up after this time. */
const graceMs = 250

/** Opens the connections that are open to the caller. The time of each begins when it is asked for. */
export function* openConnections(context: Context): Generator<OpenConnection> {
  for (const name of listOpenConnectionNames(context)) {
    const connection = openConnection(context, name)
    if (connection) yield connection
  }
}

export const listOpenConnectionNames = (context: Context): string[] =>
  Object.keys(context.settings.connections).filter((name) => (context.tables(name)?.allow.length ?? 0) > 0)

/**
 * The named connection, or the only one. A connection that is closed to the caller fails like one that does not exist.
 */
export function chooseConnection(context: Context, name: string | undefined): OpenConnection {
  const openNames = listOpenConnectionNames(context)
  const names = openNames.join(', ')
  if (name === undefined && openNames.length > 1)
    throw new ToolError('invalid_input', 'Several connections: name one.', { hint: `connection is one of: ${names}.` })
  const chosenName = openNames.find((candidate) => name === undefined || candidate === name)
  const connection = chosenName === undefined ? undefined : openConnection(context, chosenName)
  if (connection) return connection
  throw new ToolError('not_found', name === undefined ? 'No database is open to you.' : `The connection "${name}" is not open to you.`, {
    hint: names === '' ? 'Ask an administrator for a restriction that allows tables.' : `Open to you: ${names}.`,
  })
}

function openConnection(context: Context, name: string): OpenConnection | undefined {
  const settings = context.settings.connections[name]
  const rules = context.tables(name)
  if (!settings || !rules) return undefined
  const timeoutMs = Math.min(settings.timeoutMs, rules.timeoutMs ?? Infinity)
  return {
    name,
    settings,
    rules,
    readSecret: (ref) => context.readSecret(ref),
    caller: context.caller.id,
    timeoutMs,
    deadlineMs: performance.now() + timeoutMs,
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs + graceMs)]),
  }
}

/** The most characters that an answer may have. Without a gateway in front there is no limit. */
export const answerChars = ({ gateway }: Pick<CallContext, 'gateway'>): number => gateway.limits.truncateChars || Infinity
