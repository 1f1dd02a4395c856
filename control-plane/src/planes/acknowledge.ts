import type { Database } from '@bir/db/schema'
import type { HeldQuery } from '@bir/sdk/contract/held'
import type { Ack } from '@bir/sdk/contract/internal'
import type { Kysely } from 'kysely'
import { storeAuditReport } from '../audit/standing.ts'
import { storeHealth } from '../servers/health.ts'
import type { Log } from '../base/log.ts'

/**
 * Stores what a plane reports: a revision it has (`held` says which of that number) or rejected, the health of servers,
 * or how far its audit is. Then it resolves with the last record of the plane that is stored.
 */
export async function acknowledge(
  db: Kysely<Database>,
  log: Log,
  { id, name }: { id: string; name: string },
  ack: Ack,
  { held, overSse }: { held: HeldQuery; overSse: ReadonlySet<string> },
): Promise<number | undefined> {
  if ('audit' in ack) return storeAuditReport(db, id, ack.audit)
  if ('health' in ack) await storeHealth(db, id, ack.health, overSse)
  else await storeEnforcement(db, log, { id, name }, ack, held)
  return undefined
}

type Enforcement = Extract<Ack, { revision: number } | { rejected: number }>

async function storeEnforcement(
  db: Kysely<Database>,
  log: Log,
  { id, name }: { id: string; name: string },
  ack: Enforcement,
  held: HeldQuery,
): Promise<void> {
  const plane = db.updateTable('planes').where('id', '=', id)
  if ('revision' in ack) {
    const { history = null, root = null } = held
    const accepted = { revision: ack.revision, held_history: history, held_root: root }
    await plane.set({ ...accepted, rejected_revision: null, rejected_reasons: [] }).execute()
    return
  }
  const reasons = ack.reasons.slice(0, 20).map((reason) => reason.replaceAll('\0', '').slice(0, 500))
  log('error', 'snapshot-rejected', { plane: id, name, revision: ack.rejected, reasons })
  await plane.set({ rejected_revision: ack.rejected, rejected_reasons: reasons }).execute()
}
