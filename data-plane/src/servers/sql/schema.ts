import { listTableItems, tableAsText } from './list-tables.ts'
import { chooseConnection, listOpenConnectionNames } from './connection/open-connection.ts'
import { sql } from './server.ts'

const maxTables = 500

export const schema = sql.template({
  uriTemplate: 'sql://{connection}/schema',
  name: 'schema',
  title: 'Tables of a database',
  description: 'Every table and view you may read on a connection, with an estimate of rows and the comment.',
  mimeType: 'text/plain',
  complete: { connection: listOpenConnectionNames },
  async read({ connection }, context) {
    const tables = await listTableItems(chooseConnection(context, connection))
    const omittedCount = tables.length - maxTables
    return [
      ...tables.slice(0, maxTables).map(({ item }) => tableAsText(item)),
      ...(omittedCount > 0 ? [`… and ${omittedCount} more: use list_tables.`] : []),
    ].join('\n')
  },
})
