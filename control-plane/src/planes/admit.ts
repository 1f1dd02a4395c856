import type { Database } from '@bir/db/schema'
import { FIRST_PREV } from '@bir/sdk/contract/audit'
import { JOIN_LINE_REFUSED } from '@bir/sdk/contract/internal'
import { joinedPlaneText } from '@bir/sdk/contract/joined-plane'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Kysely } from 'kysely'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { Refusal } from '../base/http.ts'
import type { Log } from '../base/log.ts'
import { MEND_JOIN_LINE, stateOf } from './join-line.ts'
import type { JoinLineRow } from './join-line.ts'

interface NewPlane {
  name: string
  publicKey: PublicJwk
  sealingKey: PublicJwk
  internalUrl: string | undefined
}

/** A join within this time after an expulsion is shown as one that followed it. */
const closeMs = 7 * 86_400_000

/**
 * Spends one use of the line and stores the plane, or refuses. Resolves with the plane's id. Changes run one at a
 * time, so two planes never spend the same use.
 */
export async function admit(ctx: Ctx, lineId: string, plane: NewPlane, log: Log): Promise<string> {
  const { value } = await change(ctx, { action: 'planes.join', target: plane.name }, async (trx) => {
    const line = await trx.selectFrom('join_lines').selectAll().where('id', '=', lineId).executeTakeFirstOrThrow()
    const known = await findPlane(trx, plane.publicKey)
    if (known?.join_line === line.id) return { value: known.id, dirty: 'nothing' }
    refuseUnlessOpen(line, plane.name)
    if (known) return { value: known.id, dirty: 'nothing' }

    const expelled = await expelledBefore(trx, plane.name)
    const id = await insertPlane(trx, plane, { join_line: line.id, ...(expelled && { joined_after: expelled }) })
    const used = line.used + 1
    await trx.updateTable('join_lines').set({ used }).where('id', '=', line.id).execute()
    if (expelled) log('warn', 'plane-joined-after-expulsion', { plane: id, name: plane.name, line: line.id, expelled })
    const at = plane.internalUrl === undefined ? '' : `, at ${plane.internalUrl}`
    const detail = `${id} with the join line ${line.id}${expelled ? `, after the expulsion of ${expelled}` : ''}${at}`
    return { value: id, dirty: [], detail, summary: joinedPlaneText({ name: plane.name, id, thumbprint: plane.publicKey.kid }) }
  })
  return value
}

function refuseUnlessOpen(line: JoinLineRow, name: string): void {
  const state = stateOf(line, Date.now())
  if (state === 'used') throw lineRefused('This join line has been used as often as it may be.')
  if (state === 'expired') throw lineRefused('The time of this join line is over.')
  if (state === 'void' && line.void_reason === 'revoked') throw lineRefused('An administrator revoked this join line.')
  if (state === 'void') throw lineRefused('This join line is void, because a plane that could know it was expelled.')
  if (line.name === null || line.name === name) return
  const mend = `Set PLANE_NAME=${line.name}, or ask an administrator for another line.`
  throw new Refusal(403, 'forbidden', `This join line is for the plane ${line.name}, and this plane is called ${name}. ${mend}`)
}

const lineRefused = (why: string) => new Refusal(403, JOIN_LINE_REFUSED, `${why} ${MEND_JOIN_LINE}`)

async function findPlane(db: Kysely<Database>, key: PublicJwk) {
  const query = db.selectFrom('planes').select(['id', 'expelled_at', 'forgotten', 'join_line'])
  const row = await query.where('public_jwk', '=', JSON.stringify(key)).executeTakeFirst()
  if (row?.forgotten)
    throw new Refusal(403, 'expelled', 'This plane was taken off the list: it must make new keys and join as another plane.')
  if (row?.expelled_at) throw new Refusal(403, 'expelled', 'This plane has been expelled.')
  return row
}

/** The plane that was expelled last, if that was a short time ago or it had this name. */
async function expelledBefore(db: Kysely<Database>, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('planes')
    .select('id')
    .where('expelled_at', 'is not', null)
    .where('forgotten', '=', false)
    .where((eb) => eb.or([eb('expelled_at', '>', new Date(Date.now() - closeMs)), eb('name', '=', name)]))
    .orderBy('expelled_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id
}

async function insertPlane(
  db: Kysely<Database>,
  { name, publicKey, sealingKey, internalUrl }: NewPlane,
  by: { join_line: string; joined_after?: string },
): Promise<string> {
  const id = uuidv7()
  const keys = { public_jwk: JSON.stringify(publicKey), sealing_jwk: JSON.stringify(sealingKey) }
  const row = { id, name, ...keys, internal_url: internalUrl ?? null, ...by }
  await db.insertInto('planes').values(row).execute()
  await db.insertInto('audit_chains').values({ plane: id, seq: 0, hash: FIRST_PREV }).execute()
  return id
}
