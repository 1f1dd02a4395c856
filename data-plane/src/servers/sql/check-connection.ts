import type { CheckStep } from '../../server-kit/gateway-view.ts'
import { toToolError } from './postgres/session/errors.ts'
import { listTables } from './postgres/list-tables.ts'
import { inReadOnlyTransaction } from './postgres/session/transaction.ts'
import type { OpenConnection } from './connection/open-connection.ts'

/** Logs in, runs `select 1`, and counts the tables that the person may read. A failed step skips those after it. */
export async function checkConnection(connection: OpenConnection): Promise<CheckStep[]> {
  const steps: CheckStep[] = []
  const run = async (step: string, work: () => Promise<string>) => {
    if (steps.some(({ ok }) => !ok)) return
    const startedMs = performance.now()
    const [ok, detail] = await work().then(
      (detail) => [true, detail] as const,
      (error: unknown) => [false, toToolError(error).message] as const,
    )
    steps.push({ step: `${connection.name}: ${step}`, ok, detail, durationMs: Math.round(performance.now() - startedMs) })
  }

  await run('connect', () => inReadOnlyTransaction(connection, async () => 'The gateway can log in.'))
  await run('select 1', () =>
    inReadOnlyTransaction(connection, async (client) => `Answered ${(await client.query('select 1')).rowCount} row.`),
  )
  await run('tables', async () => `${(await listTables(connection, {})).length} readable by you.`)
  return steps
}
