import type { z } from 'zod'
import type { Server as ServerSchema, ServerHealth } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { isUp } from './health.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'

type Health = z.infer<typeof ServerHealth>
type Server = z.infer<typeof ServerSchema>

/** `bir server list` shows every server and its state. */
export const serverList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('every server: its kind, its tools, and whether it answers')
    .description(
      'Lists every server, mounted and remote: how many tools it has, how many of them wait for somebody to look, and on how many data planes a remote one answers.',
    )
    .option('--json', '{"items","health"}')
    .addHelpText('after', '\nExamples:\n  bir server list\n  bir server list --json | jq -r ".items[].id"')
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client } = await context.gateway()
        const [{ items }, { items: health }] = await Promise.all([client.servers.list(), client.servers.health({})])
        if (json) {
          context.printJson({ items, health })
          return EXIT.ok
        }
        const rows = items.map((server) => ({ server, health: health.filter((report) => report.server === server.id) }))
        for (const line of table(columns, rows, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

interface Row {
  server: Server
  health: Health[]
}

const waitingCount = ({ tools }: Server) => tools.filter(({ trust }) => trust === 'held' || trust === 'unreviewed').length

const columns = [
  { title: 'server', of: ({ server }: Row) => server.id },
  { title: 'kind', of: ({ server }: Row) => server.kind },
  { title: 'tools', of: ({ server }: Row) => server.tools.filter(({ trust }) => trust !== 'retired').length },
  { title: 'wait', of: ({ server }: Row) => (server.kind === 'remote' ? waitingCount(server) : null) },
  { title: 'trust', of: ({ server }: Row) => (server.kind === 'remote' ? server.remote.trust : null) },
  { title: 'health', of: healthOf },
  { title: 'address', of: ({ server }: Row) => (server.kind === 'remote' ? server.remote.url : null) },
]

/** One word for what all planes report. When only some of them reach the server, it says on how many it is up. */
function healthOf({ server, health }: Row): string {
  if (server.killed) return 'switched off'
  if (server.kind === 'mounted') return '-'
  const up = health.filter(isUp).length
  if (up > 0) return up === health.length ? 'up' : `up on ${up} of ${health.length} planes`
  const down = health.some(({ state, stale }) => state === 'down' && !stale)
  if (down) return 'down'
  return health.some(({ reportedAt }) => reportedAt !== null) && health.every(({ stale }) => stale) ? 'stale' : 'unknown'
}
