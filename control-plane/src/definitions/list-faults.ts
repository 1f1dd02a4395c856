import type { Database } from '@bir/db/schema'
import type { ListFaults } from '@bir/sdk/contract/internal'
import type { Kysely } from 'kysely'

/** Stores what a plane says is wrong with the lists of servers at their present addresses; the rest is ignored. */
export async function storeListFaults(db: Kysely<Database>, plane: string, { servers }: ListFaults): Promise<void> {
  const remotes = await db.selectFrom('servers').select(['id', 'settings']).where('kind', '=', 'remote').execute()
  const urls = new Map(remotes.map(({ id, settings }) => [id, settings.url]))
  const newest = new Map(servers.filter(({ server, url }) => urls.get(server) === url).map((report) => [report.server, report]))
  const rows = [...newest.values()].map(({ server, url, faults }) => ({
    plane,
    server,
    url,
    faults: faults.map((fault) => fault.replaceAll('\0', '')),
    reported_at: new Date(),
  }))
  if (rows.length === 0) return
  await db
    .insertInto('list_faults')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['plane', 'server']).doUpdateSet((eb) => ({
        url: eb.ref('excluded.url'),
        faults: eb.ref('excluded.faults'),
        reported_at: eb.ref('excluded.reported_at'),
      })),
    )
    .execute()
}

/** What each plane last told of each server at its present address. */
export async function readListFaults(db: Kysely<Database>): Promise<{ plane: string; server: string; faults: string[] }[]> {
  return db
    .selectFrom('list_faults')
    .innerJoin('servers', 'servers.id', 'list_faults.server')
    .innerJoin('planes', 'planes.id', 'list_faults.plane')
    .where('planes.expelled_at', 'is', null)
    .select(['list_faults.plane', 'list_faults.server', 'list_faults.faults', 'list_faults.url', 'servers.settings'])
    .orderBy('list_faults.reported_at')
    .execute()
    .then((rows) => rows.filter(({ url, settings }) => settings.url === url))
}
