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
      'Says which revision of the policy is published, and which data planes enforce it, and whether their audit is stored. Exits with 3 when there is none, and when one lags behind, has rejected it, or has audit records that should have been stored by now.',
    )
    .option('--json', 'the whole state')
    .addHelpText('after', '\nExamples:\n  bir snapshot status\n  until bir snapshot status --json > /dev/null; do sleep 1; done')
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client } = await context.gateway()
        const status = await client.snapshot.status()
        const planes = status.planes.filter(({ expelled }) => !expelled)
        const current = planes.filter((plane) => plane.revision === status.revision)
        const isAuditStored = planes.every(({ audit }) => audit?.standing !== 'waiting')
        const exit = planes.length > 0 && current.length === planes.length && isAuditStored ? EXIT.ok : EXIT.no
        if (json) {
          context.printJson(status)
          return exit
        }
        context.print(`Revision ${status.revision} since ${status.at}: ${enforcedText(current.length, planes.length)}`)
        context.print(context.paint('dim', `root ${status.root}`))
        for (const line of table(columns, status.planes, context.environment.terminal?.columns)) context.print(line)
        return exit
      }),
    )
}

function enforcedText(current: number, all: number): string {
  if (all === 0) return 'enforced by nobody, because there is no data plane. Every client is refused until one joins ("bir plane invite").'
  return `enforced by ${current} of ${all} ${all === 1 ? 'plane' : 'planes'}.`
}

type Plane = z.infer<typeof PlaneState>
const columns = [
  { title: 'plane', of: ({ name }: Plane) => name },
  { title: 'revision', of: ({ revision }: Plane) => revision },
  { title: 'seen', of: ({ seenAt }: Plane) => seenAt },
  { title: 'audit', of: ({ auditSeq }: Plane) => auditSeq },
  { title: 'state', of: stateOf },
]

function stateOf({ expelled, rejected, audit }: Plane): string {
  if (expelled) return 'expelled'
  const faults = [rejected && `rejected ${rejected.revision}: ${rejected.reasons.join('; ')}`, auditFaultOf(audit)]
  return faults.filter(Boolean).join('; ') || 'ok'
}

/** Undefined while everything that the plane recorded is stored. */
function auditFaultOf(audit: Plane['audit']): string | undefined {
  const { standing = 'unknown', waiting = 0, apart = 0 } = audit ?? {}
  if (standing === 'waiting') return `audit records not stored: ${waiting}`
  if (standing === 'silent') return 'not heard of'
  if (standing === 'unknown') return 'audit not known'
  return apart > 0 ? `audit records set apart: ${apart}` : undefined
}
