import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import type { DefinitionRow } from './judge.ts'
import type { Db } from '../policy-rows/types.ts'

export type StoredDefinition = DefinitionRow & { firstSeen: Date }

/** Everything known of what a server offers, in the order it was first seen. */
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

/** Makes the rows these. Resolves with those that were written: none when all were so already. */
export async function writeDefinitions(
  trx: Transaction<Database>,
  server: string,
  { before, after }: { before: readonly DefinitionRow[]; after: readonly DefinitionRow[] },
): Promise<{ gone: DefinitionRow[]; written: DefinitionRow[] }> {
  const old = new Map(before.map((row) => [keyOf(row), row]))
  const kept = new Set(after.map(keyOf))
  const gone = before.filter((row) => !kept.has(keyOf(row)))
  const written = after.filter((row) => {
    const was = old.get(keyOf(row))
    return !was || !isSame(was, row)
  })
  // A tool has one decided row at most: what leaves goes first.
  for (const { name, hash } of gone)
    await trx.deleteFrom('definitions').where('server', '=', server).where('name', '=', name).where('hash', '=', hash).execute()
  for (let at = 0; at < written.length; at += 500) await upsert(trx, server, written.slice(at, at + 500))
  return { gone, written }
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
