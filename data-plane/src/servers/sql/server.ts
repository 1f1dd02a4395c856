import { openConnections } from './connection/open-connection.ts'
import { checkConnection } from './check-connection.ts'
import { isPersonal, SqlSettings } from './connection/settings.ts'
import { proveLogIn, provable } from './prove-log-in.ts'
import { closeParser } from './guard/parser/parse.ts'
import { closePools } from './postgres/session/pool.ts'
import { defineServer } from '../../server-kit/define.ts'

/**
 * SQL databases. The gateway reads each with one role; the policy decides which tables and columns a person may read.
 */
export const sql = defineServer({
  id: 'sql',
  title: 'SQL databases',
  settings: SqlSettings,
  // Its fields are those that the settings name with `of: person`.
  secret: {
    fields: {},
    audience: ({ connections }) =>
      Object.values(connections)
        .flatMap((one) => (isPersonal(one) ? [`${one.host}:${one.port}`] : []))
        .sort()
        .join(' '),
    canProve: ({ connections }, names) => provable(connections, names).length > 0,
    prove: proveLogIn,
  },
  async check(context) {
    const steps = []
    for (const connection of openConnections(context)) steps.push(...(await checkConnection(connection)))
    return steps
  },
  close: closePoolsAndParser,
})

/**
 * Ends what the server holds between calls: the sessions at the databases and the parser's process. Waits for the
 * queries that still run, so abort their calls first. A later call opens new ones.
 */
export async function closePoolsAndParser(): Promise<void> {
  await Promise.all([closePools(), closeParser()])
}
