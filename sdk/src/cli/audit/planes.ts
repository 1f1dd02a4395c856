import { z } from 'zod'
import { FIRST_PREV } from '../../contract/audit.ts'
import type { AuditRecord } from '../../contract/audit.ts'
import type { PlaneState } from '../../contract/entities.ts'
import { Id } from '../../contract/names.ts'
import { readJoinedPlane } from '../../contract/joined-plane.ts'
import { thumbprintOf } from './chain.ts'
import type { Chain, Finding, Stray } from './chain.ts'

type Plane = z.infer<typeof PlaneState>

/** A plane as the control plane's own chain tells of it. */
interface Joined {
  name: string
  /** Undefined for a plane that joined before the gateway recorded keys. */
  thumbprint?: string
}

/** Every plane that ever joined, by the control plane's own chain, which the database alone cannot change. */
export class Joins {
  private readonly planes = new Map<string, Joined>()
  /** The joins whose plane nobody can name: their bodies, which held the id, were erased. */
  private unnamed = 0

  /** Takes note of a verified record of the own chain. */
  readonly note = ({ header: { method, detail = '' }, args }: AuditRecord): void => {
    if (method !== 'planes.join') return
    const joined = readJoinedPlane(detail)
    const id = joined?.id ?? idIn(args)
    if (id === undefined) this.unnamed++
    // A plane may join again with the same key. The first record decides.
    else if (!this.planes.has(id)) this.planes.set(id, { name: detail, ...joined })
  }

  /** Adds to the finding what these joins say against the chain or its key. */
  judge(finding: Finding, { plane, key }: Chain): Finding {
    const joined = this.planes.get(plane)
    if (!joined && this.unnamed === 0) return withFault(finding, 1, 'never-joined')
    if (!joined)
      return withDoubt(finding, 'The record of its join was erased, so nobody knows whether this plane and its key are the right ones.')
    if (joined.thumbprint === undefined)
      return withDoubt(finding, 'It joined before the gateway recorded the keys of planes, so its key may have been exchanged since.')
    return joined.thumbprint === thumbprintOf(key) ? finding : withFault(finding, 1, 'exchanged-key')
  }

  /** A finding for each plane that joined and has no chain any more. */
  missing(chains: readonly Chain[]): Finding[] {
    const present = new Set(chains.map(({ plane }) => plane))
    const gone = [...this.planes].filter(([id]) => !present.has(id))
    return gone.map(([plane, { name }]) => ({ ...nothingFound, plane, name, fault: { seq: 1, fault: 'missing-chain' } }))
  }
}

const nothingFound = { records: 0, head: { seq: 0, hash: FIRST_PREV }, signedSeq: null, unsigned: null, erased: 0, notVouchedFor: [] }

/** A finding for each plane under whose id records are stored that belong to no chain. `records` is their number. */
export function strayFindings(strays: readonly Stray[], chains: readonly Chain[]): Finding[] {
  return strays.map(({ plane, count, seq }) => {
    const name = chains.find((chain) => chain.plane === plane)?.name
    const fault = name === undefined ? 'no-chain' : 'before-first'
    return { ...nothingFound, plane, name: name ?? 'no plane', records: count, fault: { seq: Number(seq), fault } }
  })
}

const JoinBody = z.object({ detail: Id })

/** Before keys were recorded, the id stood in the body alone. */
function idIn(args: string | undefined): string | undefined {
  const body = JoinBody.safeParse(args === undefined ? undefined : JSON.parse(args))
  return body.success ? body.data.detail : undefined
}

/** Adds to the finding what the plane has recorded, or may have, that is not stored. */
export function judgeStanding(finding: Finding, plane: Plane | undefined): Finding {
  const { standing = 'unknown', waiting = 0 } = plane?.audit ?? {}
  if (!plane) return finding
  if (plane.expelled) return withDoubt(finding, expelledText(plane, waiting))
  if (standing === 'waiting') return withFault(withDoubt(finding, waitingText(plane, waiting)), finding.head.seq + 1, 'waiting')
  if (standing === 'silent') return withDoubt(finding, silentText(plane))
  if (standing === 'unknown')
    return withDoubt(finding, `The plane has not told how far it has recorded: ${untoldText(plane)}. Records may wait on it.`)
  return finding
}

/** The control plane hears of a plane whose clock is wrong, and takes nothing of it. */
const silentText = ({ standing, seenAt, audit }: Plane) =>
  standing === 'clock'
    ? `The plane is refused, because its clock is wrong. It last told how far it has recorded at ${audit?.toldAt ?? 'no time'}. What it recorded since then is not here.`
    : `The plane was last heard of at ${seenAt ?? 'no time'}. What it recorded since then is not here.`

function untoldText({ standing, seenAt }: Plane): string {
  if (standing === 'clock') return 'it is refused, because its clock is wrong'
  return seenAt === null ? 'it was not heard of since it joined' : 'it has joined only just now, or is of an older version'
}

/** Nothing is taken of an expelled plane, so nobody knows what it recorded since. */
function expelledText({ expelledAt, forgotten }: Plane, waiting: number): string {
  const known = waiting > 0 ? ` Records that it told of before, and that are missing: ${waiting}.` : ''
  return `The plane was ${forgotten ? 'taken off the list' : 'expelled'}${expelledAt ? ` at ${expelledAt}` : ''}. What it recorded since then is not here.${known}`
}

const waitingText = ({ seenAt, audit }: Plane, waiting: number) =>
  `The plane told of records that are not here: ${waiting}. It was last heard of at ${seenAt ?? 'no time'}${audit?.why ? ` and says: ${audit.why}` : '.'}`

export const withDoubt = (finding: Finding, sentence: string): Finding => ({
  ...finding,
  notVouchedFor: [...finding.notVouchedFor, sentence],
})

/** The first fault of a chain stays. */
const withFault = (finding: Finding, seq: number, fault: NonNullable<Finding['fault']>['fault']): Finding =>
  finding.fault ? finding : { ...finding, fault: { seq, fault } }
