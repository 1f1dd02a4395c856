import { createHash } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Transaction } from 'kysely'

/** A chunk's name is the SHA-256 of its bytes, and its bytes are canonical JSON. */
function chunkOf(value: object): { sha256: string; bytes: Buffer } {
  const bytes = Buffer.from(canonical(value))
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes }
}

/** Slots hold the chunks of the revision in the making. Undefined empties a slot. */
export type Filling = ReadonlyMap<string, object | undefined>

/** Stores chunks in their slots. Resolves with the names that left a slot; most often there are few. */
export async function fillSlots(trx: Transaction<Database>, filling: Filling): Promise<string[]> {
  if (filling.size === 0) return []
  const before = await readSlots(trx, [...filling.keys()])
  const chunks = [...filling].map(([slot, value]) => ({ slot, ...(value === undefined ? {} : chunkOf(value)) }))
  const changed = chunks.filter(({ slot, sha256 }) => before.get(slot) !== sha256)
  if (changed.length === 0) return []

  const filled = changed.flatMap(({ slot, sha256, bytes }) => (sha256 && bytes ? [{ slot, sha256, bytes }] : []))
  await storeChunks(trx, filled)
  await storeSlots(trx, filled)
  const emptied = changed.filter(({ sha256 }) => !sha256).map(({ slot }) => slot)
  if (emptied.length > 0) await trx.deleteFrom('chunk_slots').where('slot', 'in', emptied).execute()
  return changed.flatMap(({ slot }) => before.get(slot) ?? [])
}

async function storeChunks(trx: Transaction<Database>, filled: { sha256: string; bytes: Buffer }[]): Promise<void> {
  const byName = new Map(filled.map(({ sha256, bytes }) => [sha256, { sha256, bytes }]))
  if (byName.size === 0) return
  await trx
    .insertInto('chunks')
    .values([...byName.values()])
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ unused_since: null }).where('chunks.unused_since', 'is not', null))
    .execute()
}

async function storeSlots(trx: Transaction<Database>, filled: { slot: string; sha256: string }[]): Promise<void> {
  if (filled.length === 0) return
  await trx
    .insertInto('chunk_slots')
    .values(filled.map(({ slot, sha256 }) => ({ slot, sha256 })))
    .onConflict((conflict) => conflict.column('slot').doUpdateSet({ sha256: (eb) => eb.ref('excluded.sha256') }))
    .execute()
}

export async function readSlots(trx: Transaction<Database>, slots: readonly string[]): Promise<Map<string, string>> {
  const rows = await trx.selectFrom('chunk_slots').selectAll().where('slot', 'in', slots).execute()
  return new Map(rows.map(({ slot, sha256 }) => [slot, sha256]))
}

/** What no slot holds any more may be forgotten once planes have had time to move on. */
export async function markUnused(trx: Transaction<Database>, names: readonly string[], revision: number): Promise<void> {
  if (names.length === 0) return
  await trx
    .updateTable('chunks')
    .set({ unused_since: revision })
    .where('sha256', 'in', names)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('chunk_slots').select('slot').whereRef('chunk_slots.sha256', '=', 'chunks.sha256'))))
    .execute()
}
