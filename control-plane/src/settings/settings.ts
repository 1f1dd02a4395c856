import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import { canonical } from '@bir/sdk/contract/canonical'
import { Settings } from '@bir/sdk/contract/settings'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import type { Db } from '../policy-rows/types.ts'

export async function get({ db }: Ctx): Promise<Settings> {
  return Settings.parse(await readStored(db))
}

export async function put(ctx: Ctx, input: z.output<Api['settings']['put']['input']>): Promise<Settings> {
  const { value } = await change(ctx, { action: 'settings.put', target: 'settings', detail: canonical(input) }, async (trx) => {
    const current = Settings.parse(await readStored(trx))
    const value = Settings.parse({ ...current, ...input })
    if (canonical(current) === canonical(value)) return { value, dirty: 'nothing' }
    await storeSettings(trx, nonDefaults(value))
    return { value, dirty: [] }
  })
  return value
}

const defaults = Settings.parse({})

/**
 * The settings that differ from the defaults. Only these are stored, so that a better default of a later version
 * reaches every gateway that never chose another value.
 */
export const nonDefaults = (settings: Settings): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([key, value]) => value !== defaults[key as keyof Settings]))

export async function storeSettings(trx: Transaction<Database>, values: Record<string, unknown>): Promise<void> {
  const row = { values: JSON.stringify(values) }
  await trx
    .insertInto('settings')
    .values(row)
    .onConflict((conflict) => conflict.column('only').doUpdateSet(row))
    .execute()
}

async function readStored(db: Db): Promise<Record<string, unknown>> {
  const row = await db.selectFrom('settings').select('values').executeTakeFirst()
  return row?.values ?? {}
}
