import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { Claim } from './claim.ts'

/** What the database says that a plane holds. */
export interface HeldRow {
  revision: string | number | null
  held_history: string | null
  held_root: string | null
  audit_ended: boolean
}

/** Stores what a plane holds, where that is news. A plane that asks has not stopped, or runs again. */
export async function storeHeld(db: Kysely<Database>, plane: string, row: HeldRow, claim: Claim): Promise<void> {
  const revision = claim.revision === 0 ? null : claim.revision
  const { history = null, root = null } = claim
  const known = row.revision === null ? null : Number(row.revision)
  if (known === revision && row.held_history === history && row.held_root === root && !row.audit_ended) return
  const held = { revision, held_history: history, held_root: root, audit_ended: false }
  await db.updateTable('planes').set(held).where('id', '=', plane).execute()
}
