import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import { canonical } from '@bir/sdk/contract/canonical'
import { GatewaySettings } from '@bir/sdk/contract/settings'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import type { Db } from '../policy-rows/types.ts'

export const get = ({ db }: Ctx): Promise<GatewaySettings> => readSettings(db)

/** The settings in force. */
export const readSettings = async (db: Db): Promise<GatewaySettings> => GatewaySettings.parse(await readStored(db))

export async function put(ctx: Ctx, input: z.output<Api['settings']['put']['input']>): Promise<GatewaySettings> {
  const { value } = await change(ctx, { action: 'settings.put', target: 'settings', detail: canonical(input) }, async (trx) => {
    const current = await readSettings(trx)
    const value = GatewaySettings.parse({ ...current, ...input, session: { ...current.session, ...input.session } })
    if (canonical(current) === canonical(value)) return { value, dirty: 'nothing' }
    await storeSettings(trx, nonDefaults(value))
    return { value, dirty: [] }
  })
  return value
}

const defaults = GatewaySettings.parse({})

/**
 * The settings that differ from the defaults. Only these are stored, so that a better default of a later version
 * reaches every gateway that never chose another value.
 */
export const nonDefaults = (settings: GatewaySettings): Record<string, unknown> => differences(settings, defaults)

/** Of a group of settings, the members that differ. */
function differences(values: object, usual: object): Record<string, unknown> {
  const known = new Map<string, unknown>(Object.entries(usual))
  const entries = Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    const usualValue = known.get(key)
    if (!isGroup(value) || !isGroup(usualValue)) return value === usualValue ? [] : [[key, value]]
    const inner = differences(value, usualValue)
    return Object.keys(inner).length === 0 ? [] : [[key, inner]]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null

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
