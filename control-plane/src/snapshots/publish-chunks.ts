import { createHash } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Transaction } from 'kysely'

/** A chunk's name is the SHA-256 of its bytes, and its bytes are canonical JSON. */
function chunkOf(value: object): { sha256: string; bytes: Buffer } {
  const bytes = Buffer.from(canonical(value))
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes }
}

/** New values for slots. A slot names the chunk that the next revision uses. `undefined` empties a slot. */
export type SlotValues = ReadonlyMap<string, object | undefined>

/** Stores chunks and puts them into their slots. Resolves with the names of the chunks that they replaced. */
export async function fillSlots(trx: Transaction<Database>, values: SlotValues): Promise<string[]> {
  if (values.size === 0) return []
  const oldNames = await readSlots(trx, [...values.keys()])
  const chunks = [...values].map(([slot, value]) => ({ slot, ...(value === undefined ? {} : chunkOf(value)) }))
  const changed = chunks.filter(({ slot, sha256 }) => oldNames.get(slot) !== sha256)
  if (changed.length === 0) return []

  const filled = changed.flatMap(({ slot, sha256, bytes }) => (sha256 && bytes ? [{ slot, sha256, bytes }] : []))
  await storeChunks(trx, filled)
  await storeSlots(trx, filled)
  const emptied = changed.filter(({ sha256 }) => !sha256).map(({ slot }) => slot)
  if (emptied.length > 0) await trx.deleteFrom('chunk_slots').where('slot', 'in', emptied).execute()
  return changed.flatMap(({ slot }) => oldNames.get(slot) ?? [])
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

/** Marks chunks that are in no slot. `sweepChunks` deletes them when no plane can ask for them any more. */
export async function markUnused(trx: Transaction<Database>, names: readonly string[], revision: number): Promise<void> {
  if (names.length === 0) return
  await trx
    .updateTable('chunks')
    .set({ unused_since: revision })
    .where('sha256', 'in', names)
    .where((eb) => eb.not(eb.exists(eb.selectFrom('chunk_slots').select('slot').whereRef('chunk_slots.sha256', '=', 'chunks.sha256'))))
    .execute()
}
