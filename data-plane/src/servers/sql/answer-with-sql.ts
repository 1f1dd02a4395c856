import { z } from 'zod'
import { listTableItems, tableAsText } from './list-tables.ts'
import { chooseConnection, listOpenConnectionNames } from './connection/open-connection.ts'
import { sql } from './server.ts'

const maxTables = 60

export const answerWithSql = sql.prompt({
  name: 'answer_with_sql',
  title: 'Answer with SQL',
  description: 'Answers a question from a database you may query, showing the statement it rests on.',
  args: z.strictObject({
    connection: z.string().describe('A connection that is open to you'),
    question: z.string().max(2_000).describe('What you want to know'),
  }),
  complete: { connection: listOpenConnectionNames },
  async render({ connection, question }, context) {
    const tables = await listTableItems(chooseConnection(context, connection))
    return [
      `Answer this from the database ${connection}: ${question}`,
      `Tables I may read there:\n${tables
        .slice(0, maxTables)
        .map(({ item }) => tableAsText(item))
        .join('\n')}`,
      ...(tables.length > maxTables ? [`There are ${tables.length} in all; list_tables finds the others.`] : []),
      'Look at the tables you need with describe_table, then run one SELECT at a time with execute_query, values in params. ' +
        'A masked column holds masks such as •••42, and conditions see the mask. Name columns, limit rows, and let the database count and sum. ' +
        'Show the statement you relied on, and say so when the data cannot answer the question.',
    ].join('\n\n')
  },
})
