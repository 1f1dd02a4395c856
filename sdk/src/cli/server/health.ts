import type { z } from 'zod'
import type { ServerHealth } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { faultLines } from '../output/list-faults.ts'
import { printable } from '../output/printable.ts'
import { serverId } from '../base/server-id.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'

type Health = z.infer<typeof ServerHealth>

/** `bir server health` shows the state of the remote servers, as each data plane reports it. */
export const serverHealth: Define = (parent, act) => {
  parent
    .command('health')
    .summary('how the remote servers are, as each data plane last found them')
    .description(
      'Says of each remote server, for each data plane, whether it answers, which era it speaks, when it last answered and how fast, what last went wrong, whether it is being spared, and what is wrong with its lists. Planes report within seconds of a change, and every minute; what is older than that is called stale and does not count.',
    )
    .argument('[id]', 'one server')
    .option('--exit-code', 'exit with 3 unless every server is up, by every plane')
    .option('--json', '{"items"}')
    .addHelpText(
      'after',
      '\nStates:\n  up       it answered last time\n  down     it cannot be reached, or does not let the gateway in\n  unknown  not asked yet\n  stale    this plane has told nothing for more than two minutes; what it said last follows\n\nA server that is switched off is refused to everyone, however it is.\n\nExamples:\n  bir server health\n  until bir server health notes --exit-code > /dev/null; do sleep 1; done',
    )
    .action(
      act<[string | undefined, { exitCode?: true; json?: true }]>(async (context, id, { exitCode, json }) => {
        const filter = id === undefined ? {} : { id: serverId(id, 'server') }
        const { client } = await context.gateway()
        const answer = await client.servers.health(filter)
        const exit = exitCode && !answer.items.every(isUp) ? EXIT.no : EXIT.ok
        if (json) {
          context.printJson(answer)
          return exit
        }
        if (answer.items.length === 0) context.print('There is no remote server, or no data plane to reach one.')
        if (answer.items.length > 0)
          for (const line of table(columns, answer.items, context.environment.terminal?.columns)) context.print(line)
        for (const health of answer.items) {
          if (health.lastError === null || isUp(health)) continue
          context.print('')
          context.print(`${health.server}, by ${printable(health.planeName)}, at ${health.lastErrorAt ?? 'no known time'}:`)
          context.print(`  ${printable(health.lastError)}`)
        }
        for (const line of listFaultLines(answer.items)) context.print(line)
        return exit
      }),
    )
}

export const isUp = ({ state, stale }: Health) => state === 'up' && !stale

/** Planes that found the same wrong are named together. */
function listFaultLines(items: readonly Health[]): string[] {
  const found = items.filter(({ listFaults = [] }) => listFaults.length > 0)
  const groups: Record<string, Health[]> = {}
  for (const health of found) (groups[JSON.stringify([health.server, health.listFaults])] ??= []).push(health)
  return Object.values(groups).flatMap((group) => {
    const [first] = group
    const planes = group.map(({ planeName }) => printable(planeName)).join(', ')
    return first
      ? faultLines(`The lists of ${first.server} have faults, which are the server's own (by ${planes}):`, first.listFaults ?? [])
      : []
  })
}

const columns = [
  { title: 'server', of: ({ server }: Health) => server },
  { title: 'plane', of: ({ planeName }: Health) => planeName },
  { title: 'state', of: stateOf },
  { title: 'era', of: ({ era, overSse }: Health) => (overSse === true ? 'sse' : era) },
  { title: 'last answer', of: ({ lastSuccessAt }: Health) => lastSuccessAt },
  { title: 'ms', of: ({ latencyMs }: Health) => latencyMs },
  { title: 'last error', of: ({ lastErrorAt }: Health) => lastErrorAt },
  { title: 'reported', of: ({ reportedAt }: Health) => reportedAt ?? 'never' },
]

function stateOf(health: Health): string {
  return health.killed ? `switched off (${reportedState(health)})` : reportedState(health)
}

function reportedState({ state, stale, breaker, reportedAt }: Health): string {
  if (reportedAt === null) return 'unknown'
  const reported = breaker === 'open' ? `${state}, spared` : state
  return stale ? `stale (was ${reported})` : reported
}
