import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import type { DefinitionRow } from './judge.ts'
import type { Db } from '../policy-rows/types.ts'

export type StoredDefinition = DefinitionRow & { firstSeen: Date }

/** All stored definitions of a server, oldest first. */
export async function readDefinitions(db: Db, server: string): Promise<StoredDefinition[]> {
  const rows = await db
    .selectFrom('definitions')
    .selectAll()
    .where('server', '=', server)
    .orderBy('first_seen')
    .orderBy('name')
    .orderBy('hash')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    hash: row.hash,
    definition: row.definition,
    readOnly: row.read_only,
    destructive: row.destructive,
    flags: row.flags,
    state: row.state,
    mark: row.mark,
    reviewed: row.reviewed,
    decidedBy: row.decided_by,
    firstSeen: row.first_seen,
  }))
}

const keyOf = ({ name, hash }: DefinitionRow) => `${name} ${hash}`

const isSame = (a: DefinitionRow, b: DefinitionRow) =>
  a.state === b.state &&
  a.mark === b.mark &&
  a.reviewed === b.reviewed &&
  a.decidedBy === b.decidedBy &&
  a.flags.join('\n') === b.flags.join('\n')

/** Replaces the rows `before` by the rows `after`. Resolves with the rows that it removed and those that it wrote. */
export async function writeDefinitions(
  trx: Transaction<Database>,
  server: string,
  { before, after }: { before: readonly DefinitionRow[]; after: readonly DefinitionRow[] },
): Promise<{ removed: DefinitionRow[]; written: DefinitionRow[] }> {
  const oldRows = new Map(before.map((row) => [keyOf(row), row]))
  const newKeys = new Set(after.map(keyOf))
  const removed = before.filter((row) => !newKeys.has(keyOf(row)))
  const written = after.filter((row) => {
    const oldRow = oldRows.get(keyOf(row))
    return !oldRow || !isSame(oldRow, row)
  })
  // Delete first: a unique index allows a tool only one decided row.
  for (const { name, hash } of removed)
    await trx.deleteFrom('definitions').where('server', '=', server).where('name', '=', name).where('hash', '=', hash).execute()
  for (let at = 0; at < written.length; at += 500) await upsert(trx, server, written.slice(at, at + 500))
  return { removed, written }
}

async function upsert(trx: Transaction<Database>, server: string, rows: readonly DefinitionRow[]): Promise<void> {
  const values = rows.map(({ name, hash, definition, readOnly, destructive, flags, state, mark, reviewed, decidedBy }) => ({
    server,
    name,
    hash,
    definition,
    read_only: readOnly,
    destructive,
    flags,
    state,
    mark,
    reviewed,
    decided_by: decidedBy,
  }))
  await trx
    .insertInto('definitions')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['server', 'name', 'hash']).doUpdateSet((eb) => ({
        flags: eb.ref('excluded.flags'),
        state: eb.ref('excluded.state'),
        mark: eb.ref('excluded.mark'),
        reviewed: eb.ref('excluded.reviewed'),
        decided_by: eb.ref('excluded.decided_by'),
      })),
    )
    .execute()
}
