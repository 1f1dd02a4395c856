import { describeTable } from './describe-table.ts'
import { executeQuery } from './execute-query.ts'
import { explainQuery } from './explain-query.ts'
import { listConnections } from './list-connections.ts'
import { listTables } from './list-tables.ts'
import { sql } from './server.ts'

export default sql.with(listConnections, listTables, describeTable, executeQuery, explainQuery)
