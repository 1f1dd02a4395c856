import { answerWithSql } from './answer-with-sql.ts'
import { describeTable } from './describe-table.ts'
import { executeQuery } from './execute-query.ts'
import { explainQuery } from './explain-query.ts'
import { listConnections } from './list-connections.ts'
import { listTables } from './list-tables.ts'
import { schema } from './schema.ts'
import { sql } from './server.ts'
import { table } from './table.ts'

export default sql.with(listConnections, listTables, describeTable, executeQuery, explainQuery, schema, table, answerWithSql)
