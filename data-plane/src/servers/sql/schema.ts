import { tableItems, tableLine } from './list-tables.ts'
import { openConnections, reach } from './connection/open-connection.ts'
import { sql } from './server.ts'

const maxTables = 500

export const schema = sql.template({
  uriTemplate: 'sql://{connection}/schema',
  name: 'schema',
  title: 'Tables of a database',
  description: 'Every table and view you may read on a connection, with an estimate of rows and the comment.',
  mimeType: 'text/plain',
  complete: { connection: openConnections },
  async read({ connection }, context) {
    const items = await tableItems(reach(context, connection))
    const left = items.length - maxTables
    return [...items.slice(0, maxTables).map(tableLine), ...(left > 0 ? [`… and ${left} more: use list_tables.`] : [])].join('\n')
  },
})
