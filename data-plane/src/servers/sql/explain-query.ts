import { z } from 'zod'
import { Params } from './format/params.ts'
import { planAsText } from './format/plan-as-text.ts'
import { explainQuery as explain } from './postgres/run.ts'
import { chooseConnection } from './connection/open-connection.ts'
import { sql } from './server.ts'

export const explainQuery = sql.tool({
  name: 'explain_query',
  description: "The database's plan for one SELECT, with estimated cost and rows. Nothing is run. Give the SELECT alone, without EXPLAIN.",
  level: 'read',
  input: z.strictObject({
    connection: z.string().optional().describe('Name; may be left out when there is one'),
    query: z.string().min(1).describe('One SELECT, WITH, VALUES or TABLE'),
    params: Params,
  }),
  output: z.object({ plan: z.string(), tables: z.array(z.string()) }),
  async run({ connection, query, params }, context) {
    const openConnection = chooseConnection(context, connection)
    const { plan, verdict } = await explain(openConnection, query, params)
    return {
      plan: planAsText(plan, verdict.tables, openConnection.rules),
      tables: verdict.tables.map(({ schema, table }) => `${schema}.${table}`),
    }
  },
  text: ({ plan }) => plan,
})
