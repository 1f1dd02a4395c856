import { sql } from 'kysely'
import { anyOf } from '../../policy-rows/read.ts'
import type { Db, GroupRow, ServerRow } from '../../policy-rows/types.ts'

/** The secrets that go with the servers and groups that a file removes, a text for each of these that has some. */
export async function removedSecrets(db: Db, removed: { servers: ServerRow[]; groups: GroupRow[] }): Promise<string[]> {
  const { groups } = removed
  const servers = removed.servers.map(({ id }) => id)
  const ofServers = await db
    .selectFrom('secrets')
    .select(['server', (eb) => eb.fn.countAll<number | string>().as('count')])
    .where('server', '=', sql<string>`any(${servers}::text[])`)
    .groupBy('server')
    .orderBy('server')
    .execute()
  // Those of a group for a server that goes too are counted there.
  const ofGroups = await db
    .selectFrom('secrets')
    .select(['holder_id', (eb) => eb.fn.countAll<number | string>().as('count')])
    .where('holder_id', '=', anyOf(groups.map(({ id }) => id)))
    .where('server', '!=', sql<string>`all(${servers}::text[])`)
    .groupBy('holder_id')
    .execute()
  const counts = new Map(ofGroups.map(({ holder_id, count }) => [holder_id, Number(count)]))
  return [
    ...ofServers.map(({ server, count }) => `${secrets(Number(count))} for the server ${server}`),
    ...groups.flatMap(({ id, handle }) => (counts.has(id) ? [`${secrets(counts.get(id) ?? 0)} of the group ${handle}`] : [])),
  ]
}

const secrets = (count: number) => `${count} ${count === 1 ? 'secret' : 'secrets'}`
