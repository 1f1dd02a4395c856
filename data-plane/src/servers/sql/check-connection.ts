import type { CheckStep } from '../../server-kit/gateway-view.ts'
import { told } from './postgres/errors.ts'
import { listTables } from './postgres/list-tables.ts'
import { reading } from './postgres/transaction.ts'
import type { OpenConnection } from './connection/open-connection.ts'

/** Connects, asks for one row, counts what the person may read. What follows a failed step is not tried. */
export async function checkConnection(reach: OpenConnection): Promise<CheckStep[]> {
  const steps: CheckStep[] = []
  const run = async (step: string, work: () => Promise<string>) => {
    if (steps.some(({ ok }) => !ok)) return
    const startedMs = performance.now()
    const [ok, detail] = await work().then(
      (detail) => [true, detail] as const,
      (error: unknown) => [false, told(error).message] as const,
    )
    steps.push({ step: `${reach.name}: ${step}`, ok, detail, durationMs: Math.round(performance.now() - startedMs) })
  }

  await run('connect', () => reading(reach, async () => 'The gateway can log in.'))
  await run('select 1', () => reading(reach, async (client) => `Answered ${(await client.query('select 1')).rowCount} row.`))
  await run('tables', async () => `${(await listTables(reach, {})).length} readable by you.`)
  return steps
}
