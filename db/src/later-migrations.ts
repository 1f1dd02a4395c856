import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from './schema.ts'

/**
 * What a migration does to those who use the tables. `expand` only adds what versions of before need not know: they go
 * on, and start again, beside the version that ran it. `contract` takes away, or changes, what versions of before may
 * use: `since` names the earlier migration whose version uses it no more. That version, and those after it, go on.
 */
type Effect = 'expand' | { readonly contract: string; readonly since: string }

/** A migration, as its file exports it. Its name, such as `0012-things`, is that of the file. */
export interface LaterMigration {
  readonly effect: Effect
  up(db: Kysely<unknown>): Promise<void>
}

/** What became of the migrations at a start. */
export interface Migrated {
  /** The names of those that ran now. */
  readonly ran: readonly string[]
  /** The names of those that a later version ran, and beside which this version works. */
  readonly ofLaterVersion: readonly string[]
}

/** A later version ran migrations on this database after which this version cannot work. Nothing was changed now. */
export class LaterDatabase extends Error {
  override readonly name = 'LaterDatabase'
}

/** Rows of the table `migrations`, which versions of every time read: add columns, and never change these. */
interface Row {
  name: string
  effect: 'expand' | 'contract'
  /** What a contraction takes away, in words. */
  contracts: string | null
  since: string | null
  /** The version of the software that ran it. */
  version: string
}

const lock = 0x6269_726d

/** Runs the migrations that the table `migrations` does not name, all or none, in the order of `later`. */
export function runLater(db: Kysely<Database>, later: Readonly<Record<string, LaterMigration>>, version: string): Promise<Migrated> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lock})`.execute(trx)
    await createTable(trx)
    const rows = await readRows(trx)
    const unknown = rows.filter(({ name }) => !Object.hasOwn(later, name))
    const ruinous = unknown.filter(({ effect, since }) => effect !== 'expand' && !(since !== null && Object.hasOwn(later, since)))
    if (ruinous.length > 0) throw new LaterDatabase(laterText(ruinous, version))

    const done = new Set(rows.map(({ name }) => name))
    const pending = Object.entries(later).filter(([name]) => !done.has(name))
    if (pending.length > 0 && unknown.length > 0) throw new LaterDatabase(strayText(unknown, pending, version))
    for (const [name, migration] of pending) {
      await migration.up(trx as unknown as Kysely<unknown>)
      await insertRow(trx, rowOf(name, migration, version))
    }
    return { ran: pending.map(([name]) => name), ofLaterVersion: unknown.map(({ name }) => name) }
  })
}

const rowOf = (name: string, { effect }: LaterMigration, version: string): Row =>
  effect === 'expand'
    ? { name, effect, contracts: null, since: null, version }
    : { name, effect: 'contract', contracts: effect.contract, since: effect.since, version }

const named = (rows: readonly Row[]) =>
  rows.map(({ name, contracts, version }) => `${name}${contracts === null ? '' : ` (${contracts})`} of version ${version}`).join(', ')

const laterText = (rows: readonly Row[], version: string) =>
  `A later version was here: it changed the database by ${named(rows)}, and this version, ${version}, does not work with that. ` +
  'Nothing is damaged, and nothing was changed now. Start the later version again, or restore a backup from before it.'

const strayText = (rows: readonly Row[], pending: readonly [string, LaterMigration][], version: string) =>
  `Another version was here, which is no later one of this: the database has ${named(rows)} and lacks ` +
  `${pending.map(([name]) => name).join(', ')} of this version, ${version}. Nothing was changed now. Start the version that has both.`

/** Migrations that Kysely ran meanwhile, in a short time of development, get their row. */
async function createTable(trx: Transaction<Database>): Promise<void> {
  await sql`create table if not exists migrations (
    name text primary key,
    effect text not null check (effect in ('expand', 'contract')),
    contracts text,
    since text,
    version text not null,
    made_at timestamptz not null default now(),
    check ((effect = 'contract') = (contracts is not null and since is not null))
  )`.execute(trx)
  await sql`insert into migrations (name, effect, version)
    select name, 'expand', '0.1.0' from kysely_migration where name > '0009'
    on conflict do nothing`.execute(trx)
}

async function readRows(trx: Transaction<Database>): Promise<Row[]> {
  const { rows } = await sql<Row>`select name, effect, contracts, since, version from migrations order by name`.execute(trx)
  return rows
}

async function insertRow(trx: Transaction<Database>, { name, effect, contracts, since, version }: Row): Promise<void> {
  await sql`insert into migrations (name, effect, contracts, since, version)
    values (${name}, ${effect}, ${contracts}, ${since}, ${version})`.execute(trx)
}
