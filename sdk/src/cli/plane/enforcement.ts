import { setTimeout as wait } from 'node:timers/promises'
import type { z } from 'zod'
import type { Client } from '../../client.ts'
import type { PlaneStanding, PlaneState } from '../../contract/entities.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import type { ExitCode } from '../base/exit.ts'

type Plane = z.infer<typeof PlaneState>
type Standing = z.infer<typeof PlaneStanding>
type Status = Awaited<ReturnType<Client['snapshot']['status']>>

/** Which of the planes that may serve clients enforce the published policy. */
export interface Enforcement {
  revision: number
  enforcedBy: number
  of: number
  missing: { plane: string; name: string; standing: Standing; revision: number | null; seenAt: string | null; reasons?: string[] }[]
}

/** How long a command waits for planes that are about to take the policy. They need a fraction of a second. */
const patienceMs = 5_000
const askAgainMs = 100

/** Planes that stopped serve nobody, so they are not counted. */
export function enforcementOf({ revision, planes }: Status): Enforcement {
  const counted = planes.filter((plane) => !plane.expelled && standingOf(plane, revision) !== 'stopped')
  const missing = counted.filter((plane) => standingOf(plane, revision) !== 'enforcing')
  return {
    revision,
    enforcedBy: counted.length - missing.length,
    of: counted.length,
    missing: missing.map((plane) => ({
      plane: plane.id,
      name: plane.name,
      standing: standingOf(plane, revision),
      revision: plane.revision,
      seenAt: plane.seenAt,
      ...(plane.rejected && { reasons: plane.rejected.reasons }),
    })),
  }
}

/** A control plane of an earlier version does not say where a plane stands. */
export function standingOf({ standing, revision, rejected }: Plane, published: number): Standing {
  if (standing) return standing
  if (revision === published) return 'enforcing'
  return rejected?.revision === published ? 'rejecting' : 'behind'
}

/**
 * Asks which planes enforce the published policy. Waits a moment for those that are about to take it, and for no plane
 * that is away or refuses it. Undefined when the control plane cannot be asked.
 */
export async function awaitEnforcement(client: Client, limitMs = patienceMs): Promise<Enforcement | undefined> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const status = await client.snapshot.status().catch(() => undefined)
    const enforcement = status && enforcementOf(status)
    const isComing = enforcement?.missing.some(({ standing }) => standing === 'behind')
    if (!isComing || performance.now() >= endMs) return enforcement
    await wait(askAgainMs)
  }
}

/** What a command that changed the policy says at its end, and its exit code: 3 unless every plane enforces it. */
export function reportEnforcement(context: Context, done: string, enforcement: Enforcement | undefined, whenAll = ''): ExitCode {
  if (!enforcement) {
    context.print(`${done}.`)
    context.note('Which planes enforce it cannot be asked now: see "bir snapshot status".')
    return EXIT.no
  }
  const isWhole = enforcement.missing.length === 0
  context.print(`${done}. ${enforcedText(enforcement)}${isWhole && enforcement.of > 0 ? whenAll : ''}`)
  for (const line of missingLines(enforcement)) context.note(line)
  return isWhole ? EXIT.ok : EXIT.no
}

/** The exit code alone, for a command that prints JSON. */
export const exitOf = (enforcement: Enforcement | undefined): ExitCode => (enforcement?.missing.length === 0 ? EXIT.ok : EXIT.no)

function enforcedText({ enforcedBy, of }: Enforcement): string {
  return of === 0 ? 'There is no data plane.' : `Enforced by ${enforcedBy} of ${of} ${of === 1 ? 'plane' : 'planes'}.`
}

/** One sentence for each plane that does not enforce the policy, or of which nobody knows. */
export const missingLines = ({ missing, revision }: Enforcement): string[] =>
  missing.map((plane) => `${plane.name} ${whyMissing(plane, revision)}`)

function whyMissing({ standing, revision: held, seenAt, reasons = [] }: Enforcement['missing'][number], revision: number): string {
  const has = held === null ? 'no policy' : `revision ${held}`
  if (standing === 'rejecting') return `rejects revision ${revision} and stays with ${has}: ${reasons.join('; ')}`
  if (standing === 'clock') return `has a wrong clock, so its requests are refused; it has ${has}. Set its clock.`
  if (standing === 'away')
    return `was last heard of at ${seenAt ?? 'no time'}, with ${has}. If it still runs, it serves by that until its policy is too old; if it is gone for good: "bir plane forget".`
  return `does not enforce it yet: it has ${has}.`
}
