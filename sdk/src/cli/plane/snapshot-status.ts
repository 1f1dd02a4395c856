import type { z } from 'zod'
import type { PlaneState } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'
import { enforcementOf, missingLines, standingOf } from './enforcement.ts'
import type { Enforcement } from './enforcement.ts'

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
      'Says which revision of the policy is published, which data planes enforce it, and whether their audit is stored. A plane that was not heard of for a minute is away: it does not count as enforcing, because nobody knows. One that said that it stops is not counted. The column offline has the calls that a plane served since its start by tokens that had expired, while no control plane could renew them. The line root has the hash of the whole policy: two gateways or revisions with the same root have the same policy. Exits with 3 when there is no plane, and when one lags behind, has rejected the policy, is away, or has audit records that should have been stored by now.',
    )
    .option('--json', 'the whole state, and "enforcement": {"enforcedBy","of","missing"}')
    .addHelpText('after', '\nExamples:\n  bir snapshot status\n  until bir snapshot status --json > /dev/null; do sleep 1; done')
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client } = await context.gateway()
        const status = await client.snapshot.status()
        const enforcement = enforcementOf(status)
        const isAuditStored = status.planes.every(({ audit }) => audit?.standing !== 'waiting')
        const isWhole = enforcement.of > 0 && enforcement.missing.length === 0
        const exit = isWhole && isAuditStored ? EXIT.ok : EXIT.no
        if (json) {
          context.printJson({ ...status, enforcement })
          return exit
        }
        context.print(`Revision ${status.revision} since ${status.at}: ${enforcedText(enforcement)}`)
        context.print(context.paint('dim', `root ${status.root} (SHA-256 of the whole policy: equal roots are equal policies)`))
        const columns = columnsFor(status.revision)
        for (const line of table(columns, status.planes, context.environment.terminal?.columns)) context.print(line)
        for (const line of missingLines(enforcement)) context.print(line)
        return exit
      }),
    )
}

function enforcedText({ enforcedBy, of }: Enforcement): string {
  if (of === 0) return 'enforced by nobody, because no data plane runs. Every client is refused until one joins ("bir plane invite").'
  return `enforced by ${enforcedBy} of ${of} ${of === 1 ? 'plane' : 'planes'}.`
}

type Plane = z.infer<typeof PlaneState>
const columnsFor = (published: number) => [
  { title: 'plane', of: ({ name }: Plane) => name },
  { title: 'revision', of: ({ revision }: Plane) => revision },
  { title: 'seen', of: ({ seenAt }: Plane) => seenAt },
  { title: 'audit', of: ({ auditSeq }: Plane) => auditSeq },
  { title: 'offline', of: ({ offlineCalls = null }: Plane) => offlineCalls ?? '' },
  { title: 'state', of: (plane: Plane) => stateOf(plane, published) },
]

function stateOf(plane: Plane, published: number): string {
  if (plane.expelled) return 'expelled'
  const standing = standingOf(plane, published)
  const { rejected, clockOffMs = null } = plane
  const faults = [
    standing === 'enforcing' || standing === 'rejecting' ? undefined : standing,
    rejected && `rejected ${rejected.revision}: ${rejected.reasons.join('; ')}`,
    clockOffMs !== null && `clock ${Math.abs(Math.round(clockOffMs / 1000))} s ${clockOffMs > 0 ? 'ahead' : 'behind'}`,
    standing === 'away' && plane.audit?.standing === 'silent' ? undefined : auditFaultOf(plane.audit),
  ]
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
