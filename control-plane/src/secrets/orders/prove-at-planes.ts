import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '@bir/db/schema'
import type { CheckOrder } from '@bir/sdk/contract/secret-messages'
import { isJudged, SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sealTo } from '@bir/sdk/seal-box'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { SecretTrial } from '../../base/context.ts'
import { withoutValues } from '../proving/without-values.ts'

const maxPlanes = 3
const lookEveryMs = 100
/** Longer than a plane takes to ask again after the control plane was away for it. */
const takenWithinMs = 6_000
const saidWithinMs = 15_000

interface Patience {
  /** A plane that has not taken its order by then is not waited for. */
  takenWithinMs?: number
  /** Nor one that has said nothing by then. */
  saidWithinMs?: number
  nowMs?: () => number
}

/**
 * Has data planes try a secret whose service this process does not reach: at most three, each by an order that it alone
 * can open. The first verdict that judges counts. Where no plane says anything, the verdict says which part is missing.
 */
export async function proveAtPlanes(db: Kysely<Database>, trial: SecretTrial, patience: Patience = {}): Promise<SecretVerdict> {
  const planes = await alivePlanes(db)
  if (planes.length === 0) return unreachable(noPlane)
  const id = uuidv7()
  const { server, settings, fields } = trial
  const order: CheckOrder = { id, server, settings: { ...settings }, fields: { ...fields } }
  const bytes = Buffer.from(JSON.stringify(order))
  await db
    .insertInto('secret_check_orders')
    .values(planes.map((plane) => ({ id, plane: plane.id, box: sealTo(JSON.parse(plane.sealing_jwk), bytes) })))
    .execute()
  try {
    return withoutValues(await firstVerdict(db, id, patience), fields)
  } finally {
    await db.deleteFrom('secret_check_orders').where('id', '=', id).execute()
  }
}

const unreachable = (says: string): SecretVerdict => ({ verdict: 'unreachable', says })

const notChecked = 'The secret was not checked.'
const noPlane = `No data plane runs that could try the secret: none was heard of for a minute. ${notChecked} Start one, and put it again; an administrator sees all planes with: bir snapshot status`
const noneTook = `No data plane took the order to try the secret, although one was heard of a moment ago. ${notChecked} Put it again; if that stays so, an administrator looks at the data planes and their logs: bir snapshot status`
const noneSaid = `A data plane tries the secret, and did not come to an end in ${saidWithinMs / 1000} seconds: the service may be slow. ${notChecked} Put it again later.`

const alivePlanes = (db: Kysely<Database>) =>
  db
    .selectFrom('planes')
    .select(['id', 'sealing_jwk'])
    .where('expelled_at', 'is', null)
    .where('audit_ended', '=', false)
    .where('seen_at', '>', sql<Date>`now() - interval '60 seconds'`)
    .orderBy('seen_at', 'desc')
    .limit(maxPlanes)
    .execute()

async function firstVerdict(db: Kysely<Database>, id: string, given: Patience): Promise<SecretVerdict> {
  const patience = { takenWithinMs, saidWithinMs, nowMs: () => performance.now(), ...given }
  const beganMs = patience.nowMs()
  for (;;) {
    const waitedMs = patience.nowMs() - beganMs
    const rows = await db.selectFrom('secret_check_orders').select(['verdict', 'given']).where('id', '=', id).execute()
    const said = rows.flatMap(({ verdict }) => SecretVerdict.safeParse(verdict).data ?? [])
    const judged = said.find(({ verdict }) => isJudged(verdict))
    if (judged) return judged
    // One that was given its order and asks for more runs. One that was given it only may be frozen since.
    const taken = rows.filter(({ verdict, given: times }) => verdict === null && times > 1)
    const open = waitedMs < patience.takenWithinMs ? rows.length - said.length : taken.length
    if (open === 0 || waitedMs >= patience.saidWithinMs) return said[0] ?? unreachable(taken.length > 0 ? noneSaid : noneTook)
    await wait(lookEveryMs)
  }
}

/** Deletes orders that nobody waits for any more: their process ended. */
export async function sweepOrders(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('secret_check_orders')
    .where('ordered_at', '<', sql<Date>`now() - interval '1 minute'`)
    .execute()
}
