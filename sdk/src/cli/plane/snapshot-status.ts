import type { z } from 'zod'
import type { PlaneState } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'

/** `bir snapshot status` shows the published revision of the policy and which planes enforce it. */
export const snapshotStatus: Define = (parent, act) => {
  const snapshot = parent
    .command('snapshot')
    .summary('the policy on its way to the data planes')
    .description('The policy as it is published to the data planes.')
  snapshot
    .command('status')
    .summary('which revision is published, and which planes enforce it')
    .description(
      'Says which revision of the policy is published, and which data planes enforce it. Exits with 3 when one lags behind or has rejected it.',
    )
    .option('--json', 'the whole state')
    .addHelpText('after', '\nExamples:\n  bir snapshot status\n  until bir snapshot status --json > /dev/null; do sleep 1; done')
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client } = await context.gateway()
        const status = await client.snapshot.status()
        const planes = status.planes.filter(({ expelled }) => !expelled)
        const current = planes.filter((plane) => plane.revision === status.revision)
        const exit = current.length === planes.length ? EXIT.ok : EXIT.no
        if (json) {
          context.printJson(status)
          return exit
        }
        context.print(
          `Revision ${status.revision} since ${status.at}: enforced by ${current.length} of ${planes.length} ${planes.length === 1 ? 'plane' : 'planes'}.`,
        )
        context.print(context.paint('dim', `root ${status.root}`))
        for (const line of table(columns, status.planes, context.environment.terminal?.columns)) context.print(line)
        return exit
      }),
    )
}

type Plane = z.infer<typeof PlaneState>
const columns = [
  { title: 'plane', of: ({ name }: Plane) => name },
  { title: 'revision', of: ({ revision }: Plane) => revision },
  { title: 'seen', of: ({ seenAt }: Plane) => seenAt },
  { title: 'audit', of: ({ auditSeq }: Plane) => auditSeq },
  { title: 'state', of: stateOf },
]

function stateOf({ expelled, rejected }: Plane): string {
  if (expelled) return 'expelled'
  return rejected ? `rejected ${rejected.revision}: ${rejected.reasons.join('; ')}` : 'ok'
}
