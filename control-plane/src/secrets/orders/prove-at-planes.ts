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

/**
 * Has data planes try a secret whose service this process does not reach: at most three, each by an order that it alone
 * can open. The first verdict that judges counts. Undefined: there is no plane, or none said anything in time.
 */
export async function proveAtPlanes(db: Kysely<Database>, trial: SecretTrial, waitMs = 15_000): Promise<SecretVerdict | undefined> {
  const planes = await alivePlanes(db)
  if (planes.length === 0) return undefined
  const id = uuidv7()
  const { server, settings, fields } = trial
  const order: CheckOrder = { id, server, settings: { ...settings }, fields: { ...fields } }
  const bytes = Buffer.from(JSON.stringify(order))
  await db
    .insertInto('secret_check_orders')
    .values(planes.map((plane) => ({ id, plane: plane.id, box: sealTo(JSON.parse(plane.sealing_jwk), bytes) })))
    .execute()
  try {
    const verdict = await firstVerdict(db, id, performance.now() + waitMs)
    return verdict && withoutValues(verdict, fields)
  } finally {
    await db.deleteFrom('secret_check_orders').where('id', '=', id).execute()
  }
}

const alivePlanes = (db: Kysely<Database>) =>
  db
    .selectFrom('planes')
    .select(['id', 'sealing_jwk'])
    .where('expelled_at', 'is', null)
    .where('seen_at', '>', sql<Date>`now() - interval '60 seconds'`)
    .orderBy('seen_at', 'desc')
    .limit(maxPlanes)
    .execute()

async function firstVerdict(db: Kysely<Database>, id: string, untilMs: number): Promise<SecretVerdict | undefined> {
  for (;;) {
    const rows = await db.selectFrom('secret_check_orders').select('verdict').where('id', '=', id).execute()
    const said = rows.flatMap(({ verdict }) => SecretVerdict.safeParse(verdict).data ?? [])
    const judged = said.find(({ verdict }) => isJudged(verdict))
    if (judged || said.length === rows.length || performance.now() >= untilMs) return judged ?? said[0]
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
