import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { ServerHealth as ServerHealthSchema } from '@bir/sdk/contract/entities'
import { HEALTH_EVERY_MS } from '@bir/sdk/contract/internal'
import type { RemoteHealth } from '@bir/sdk/contract/internal'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import { readListFaults } from '../definitions/list-faults.ts'
import { notFound } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'

type ServerHealth = z.infer<typeof ServerHealthSchema>

/** Planes report once a minute. After two missed reports in a row, the last one counts as stale. */
const staleAfterMs = 2.5 * HEALTH_EVERY_MS

/**
 * Stores a plane's reports about servers at their present addresses. It ignores a report about an old address: that
 * plane does not have the newest policy yet. `overSse`: the ids of those that are reached over HTTP+SSE.
 */
export async function storeHealth(
  db: Kysely<Database>,
  plane: string,
  reports: readonly RemoteHealth[],
  overSse: ReadonlySet<string> = new Set(),
): Promise<void> {
  const urls = new Map((await remotes(db)).map(({ id, settings }) => [id, settings.url]))
  const newest = new Map(reports.filter(({ server, url }) => urls.get(server) === url).map((report) => [report.server, report]))
  const rows = [...newest.values()].map((report) => rowOf(plane, report, overSse.has(report.server), new Date()))
  if (rows.length === 0) return
  await db
    .insertInto('server_health')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['plane', 'server']).doUpdateSet((eb) => ({
        url: eb.ref('excluded.url'),
        state: eb.ref('excluded.state'),
        era: eb.ref('excluded.era'),
        over_sse: eb.ref('excluded.over_sse'),
        breaker: eb.ref('excluded.breaker'),
        last_success_at: eb.ref('excluded.last_success_at'),
        last_error_at: eb.ref('excluded.last_error_at'),
        last_error: eb.ref('excluded.last_error'),
        latency_ms: eb.ref('excluded.latency_ms'),
        reported_at: eb.ref('excluded.reported_at'),
      })),
    )
    .execute()
}

const remotes = (db: Kysely<Database>) =>
  db.selectFrom('servers').select(['id', 'settings', 'killed']).where('kind', '=', 'remote').orderBy('id').execute()

const rowOf = (plane: string, report: RemoteHealth, overSse: boolean, reportedAt: Date) => ({
  plane,
  server: report.server,
  url: report.url,
  state: report.state,
  era: report.era ?? null,
  over_sse: overSse && report.era === 'legacy',
  breaker: report.breaker,
  last_success_at: dateOf(report.lastSuccessAtMs),
  last_error_at: dateOf(report.lastErrorAtMs),
  last_error: report.lastError?.replaceAll('\0', '') ?? null,
  latency_ms: report.latencyMs ?? null,
  reported_at: reportedAt,
})

const dateOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms))

/**
 * The health of every remote server as each plane last reported it. Pairs without a report are listed as `unknown`.
 */
export async function health({ db }: Ctx, { id }: z.output<Api['servers']['health']['input']>): Promise<{ items: ServerHealth[] }> {
  const allServers = await remotes(db)
  const servers = id === undefined ? allServers : allServers.filter((server) => server.id === id)
  if (id !== undefined && servers.length === 0) throw notFound('remote server', id)
  const planes = await db
    .selectFrom('planes')
    .select(['id', 'name'])
    .where('expelled_at', 'is', null)
    .orderBy('name')
    .orderBy('id')
    .execute()
  const rows = await db.selectFrom('server_health').selectAll().execute()
  const byPair = new Map(rows.map((row) => [`${row.server} ${row.plane}`, row]))
  const faultsByPair = new Map((await readListFaults(db)).map(({ server, plane, faults }) => [`${server} ${plane}`, faults]))
  const nowMs = Date.now()
  const items = servers.flatMap((server) =>
    planes.map((plane) => {
      const row = byPair.get(`${server.id} ${plane.id}`)
      const listFaults = faultsByPair.get(`${server.id} ${plane.id}`) ?? []
      const pair = { server: server.id, plane: plane.id, planeName: plane.name, killed: server.killed, listFaults }
      return healthEntity(pair, row?.url === server.settings.url ? row : undefined, nowMs)
    }),
  )
  return { items }
}

type Row = ReturnType<typeof rowOf>
type Pair = Pick<ServerHealth, 'server' | 'plane' | 'planeName' | 'killed' | 'listFaults'>

function healthEntity(pair: Pair, row: Row | undefined, nowMs: number): ServerHealth {
  return {
    ...pair,
    state: row?.state ?? 'unknown',
    era: row?.era ?? null,
    overSse: row?.over_sse ?? false,
    breaker: row?.breaker ?? 'closed',
    lastSuccessAt: row?.last_success_at?.toISOString() ?? null,
    lastErrorAt: row?.last_error_at?.toISOString() ?? null,
    lastError: row?.last_error ?? null,
    latencyMs: row?.latency_ms ?? null,
    reportedAt: row?.reported_at.toISOString() ?? null,
    stale: !row || nowMs - row.reported_at.getTime() > staleAfterMs,
  }
}
