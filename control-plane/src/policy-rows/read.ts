import type { Database } from '@bir/db/schema'
import { Level } from '@bir/sdk/contract/level'
import type { Selection } from '@bir/sdk/contract/snapshot'
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Db, DefinitionFacts, GrantRow, PersonRow, PolicyRows, RestrictionRow, SecretFacts } from './types.ts'

export async function readPolicyRows(db: Db): Promise<PolicyRows> {
  const servers = await db
    .selectFrom('servers')
    .select(['id', 'kind', 'title', 'settings', 'labels', 'killed', 'secret'])
    .orderBy('id')
    .execute()
  const definitions = await readDefinitionFacts(db)
  const groups = await db.selectFrom('groups').select(['id', 'handle', 'title']).orderBy('handle').execute()
  const grants = await db.selectFrom('grants').selectAll().orderBy('id').execute()
  const restrictions = await db.selectFrom('restrictions').selectAll().orderBy('id').execute()
  const settings = await db.selectFrom('settings').select('values').executeTakeFirst()
  return {
    servers,
    definitions,
    groups,
    grants: grants.map(grantRow),
    restrictions: restrictions.map(restrictionRow),
    settings: settings?.values ?? {},
    secrets: await secretFacts(db)
      .where('holder_kind', '!=', 'person')
      .orderBy('id')
      .execute()
      .then((rows) => rows.map(factsOf)),
  }
}

const secretFacts = (db: Db) =>
  db.selectFrom('secrets').select(['holder_kind', 'holder_id', 'server', 'version', 'state', 'level', 'expires_at'])

const factsOf = (
  row: Pick<Stored<'secrets'>, 'holder_kind' | 'holder_id' | 'server' | 'version' | 'state' | 'level' | 'expires_at'>,
): SecretFacts => ({
  kind: row.holder_kind,
  holderId: row.holder_id,
  server: row.server,
  version: row.version,
  state: row.state,
  level: Level.nullable().catch('disabled').parse(row.level),
  expiresAtMs: row.expires_at?.getTime() ?? null,
})

/** The definitions of all remote servers, without their JSON, which may be large. */
export const readDefinitionFacts = (db: Db): Promise<DefinitionFacts[]> =>
  db
    .selectFrom('definitions')
    .select(['server', 'name', 'hash', 'read_only as readOnly', 'destructive', 'state', 'mark'])
    .orderBy('server')
    .orderBy('name')
    .orderBy('hash')
    .execute()

type Stored<T extends keyof Database> = Selectable<Database[T]>

export const grantRow = (row: Stored<'grants'>): GrantRow => ({
  id: row.id,
  kind: row.holder_kind,
  holderId: row.holder_id,
  server: row.server,
  level: row.level,
  allow: row.allow,
  deny: row.deny,
  expiresAtMs: row.expires_at?.getTime() ?? null,
})

export const restrictionRow = (row: Stored<'restrictions'>): RestrictionRow => ({
  id: row.id,
  kind: row.holder_kind,
  holderId: row.holder_id,
  server: row.server,
  connection: row.connection,
  allow: row.allow,
  deny: row.deny,
  hide: row.hide,
  mask: row.mask,
  maxRows: row.max_rows,
  timeoutMs: row.timeout_ms,
})

/** The people of these buckets. To read all buckets, call it for some hundred at a time. */
export async function readBuckets(db: Db, buckets: readonly number[]): Promise<PersonRow[]> {
  if (buckets.length === 0) return []
  const users = await people(db).where('bucket', 'in', buckets).execute()
  return withHoldings(db, users)
}

export async function readPerson(db: Db, handle: string): Promise<PersonRow | undefined> {
  const users = await people(db).where('handle', '=', handle).execute()
  return (await withHoldings(db, users))[0]
}

/** All people, in batches. */
export async function* readPeople(db: Db, batch = 2000): AsyncGenerator<PersonRow[]> {
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const users = await people(db).where('id', '>', after).orderBy('id').limit(batch).execute()
    const last = users.at(-1)
    if (!last) return
    yield await withHoldings(db, users)
    after = last.id
  }
}

/** `= any($1)` with an array as one parameter, because a statement has at most 65,535 parameters. */
export const anyOf = (ids: readonly string[]) => sql<string>`any(${ids}::uuid[])`

const people = (db: Db) => db.selectFrom('users').select(['id', 'handle', 'disabled', 'bucket'])

async function withHoldings(db: Db, users: Omit<PersonRow, 'groups' | 'selections' | 'secrets'>[]): Promise<PersonRow[]> {
  const rows = new Map(users.map((user): [string, PersonRow] => [user.id, { ...user, groups: [], selections: {}, secrets: [] }]))
  const ids = [...rows.keys()]
  if (ids.length === 0) return []

  const memberships = await db.selectFrom('memberships').selectAll().where('user_id', '=', anyOf(ids)).execute()
  for (const { user_id, group_id } of memberships) rows.get(user_id)?.groups.push(group_id)
  const selections = await db.selectFrom('selections').selectAll().where('user_id', '=', anyOf(ids)).execute()
  for (const row of selections) {
    const person = rows.get(row.user_id)
    if (person) person.selections[row.server] = selectionOf(row)
  }
  const secrets = await secretFacts(db).where('holder_id', '=', anyOf(ids)).where('holder_kind', '=', 'person').execute()
  for (const row of secrets) rows.get(row.holder_id)?.secrets.push(factsOf(row))
  return [...rows.values()]
}

export const selectionOf = ({ level, off }: { level: Level | null; off: string[] | null }): Selection => ({
  ...(level === null ? {} : { level }),
  ...(off === null || off.length === 0 ? {} : { off: [...off].sort() }),
})

/**
 * From when on each person's tokens are valid (epochs), and the servers that are switched off for everyone (killed).
 */
export async function readEpochsAndKilled(db: Db): Promise<{ epochs: Record<string, number>; killed: string[] }> {
  const users = await db
    .selectFrom('users')
    .select(['id', 'epoch'])
    .where(sql<boolean>`epoch > 0`)
    .orderBy('id')
    .execute()
  const servers = await db.selectFrom('servers').select('id').where('killed', '=', true).orderBy('id').execute()
  return { epochs: Object.fromEntries(users.map(({ id, epoch }) => [id, Number(epoch)])), killed: servers.map(({ id }) => id) }
}
