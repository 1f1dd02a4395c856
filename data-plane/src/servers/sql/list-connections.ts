import { z } from 'zod'
import { listOpenConnectionNames } from './connection/open-connection.ts'
import { sql } from './server.ts'

const Item = z.object({ name: z.string(), kind: z.string(), read_only: z.boolean(), description: z.string().optional() })

export const listConnections = sql.tool({
  name: 'list_connections',
  description: 'The databases you may query: name, kind and what each holds. Start here when the connection is not known.',
  level: 'read',
  input: z.strictObject({}),
  output: z.object({ items: z.array(Item), count: z.int() }),
  run(_args, context) {
    const items = listOpenConnectionNames(context).flatMap((name) => {
      const connection = context.settings.connections[name]
      if (!connection) return []
      const { kind, description } = connection
      return [{ name, kind, read_only: true, ...(description === undefined ? {} : { description }) }]
    })
    return { items, count: items.length }
  },
  text: ({ items }) =>
    items.map(({ name, kind, description }) => [`${name} (${kind}, read only)`, description].filter(Boolean).join(': ')).join('\n') ||
    'No database is open to you.',
})
