import type { Db } from '../policy-rows/types.ts'
import { describeHolder, holderNames } from './holder.ts'

/** What of the policy names this group, person or server, a text each. */
export async function holdingTexts(db: Db, { column, value }: { column: 'holder_id' | 'server'; value: string }): Promise<string[]> {
  const columns = ['holder_kind as kind', 'holder_id as holderId', 'server'] as const
  const grants = await db
    .selectFrom('grants')
    .select([...columns, 'level'])
    .where(column, '=', value)
    .orderBy('id')
    .execute()
  const restrictions = await db
    .selectFrom('restrictions')
    .select([...columns, 'connection'])
    .where(column, '=', value)
    .orderBy('id')
    .execute()
  const name = await holderNames(db, [...grants, ...restrictions])
  return [
    ...grants.map((row) => `grant: ${describeHolder(name(row))}, ${row.level} on ${row.server}`),
    ...restrictions.map((row) => `restriction: ${describeHolder(name(row))} on ${row.server}, connection ${row.connection}`),
  ]
}
