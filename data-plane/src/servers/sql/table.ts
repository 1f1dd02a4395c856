import { describe } from './describe-table.ts'
import { descriptionAsText } from './description/description-as-text.ts'
import { listTables } from './postgres/list-tables.ts'
import { chooseConnection, listOpenConnectionNames } from './connection/open-connection.ts'
import { sql } from './server.ts'

export const table = sql.template({
  uriTemplate: 'sql://{connection}/table/{schema}.{table}',
  name: 'table',
  title: 'One table',
  description: 'Columns, keys, indexes and foreign keys of a table or view you may read.',
  mimeType: 'text/plain',
  complete: {
    connection: listOpenConnectionNames,
    async schema(context, { connection }) {
      if (connection === undefined) return []
      const tables = await listTables(chooseConnection(context, connection), {})
      return [...new Set(tables.map(({ schema }) => schema))]
    },
    async table(context, { connection, schema }) {
      if (connection === undefined) return []
      const tables = await listTables(chooseConnection(context, connection), { schema })
      return [...new Set(tables.map(({ name }) => name))]
    },
  },
  async read({ connection, schema, table }, context) {
    return descriptionAsText(await describe(chooseConnection(context, connection), { schema, table }, `${schema}.${table}`, false))
  },
})
