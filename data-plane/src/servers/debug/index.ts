import { checkServer } from './check-server.ts'
import { echo } from './echo.ts'
import { listCalls } from './list-calls.ts'
import { debug } from './server.ts'

export default debug.with(echo, checkServer, listCalls)
