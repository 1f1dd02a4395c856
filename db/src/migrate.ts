import { VERSION } from '@bir/sdk/contract/version'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import { runLater } from './later-migrations.ts'
import type { LaterMigration, Migrated } from './later-migrations.ts'
import * as policy from './migrations/first/0001-policy.ts'
import * as platform from './migrations/first/0002-platform.ts'
import * as definitions from './migrations/first/0003-definitions.ts'
import * as serverHealth from './migrations/first/0005-server-health.ts'
import * as joinLines from './migrations/first/0006-join-lines.ts'
import * as sealedForwarding from './migrations/first/0007-sealed-forwarding.ts'
import * as planeAudit from './migrations/first/0008-plane-audit.ts'
import * as declaredMembers from './migrations/0009-declared-members.ts'
import * as policyHistories from './migrations/0010-policy-histories.ts'
import * as healthTransport from './migrations/0011-health-transport.ts'
import * as listFaults from './migrations/0012-list-faults.ts'
import * as declaredPeople from './migrations/0013-declared-people.ts'
import * as auditGap from './migrations/0014-audit-gap.ts'
import * as firstSignIn from './migrations/0015-first-sign-in.ts'
import * as authorizationServer from './migrations/0016-authorization-server.ts'
import * as exchangedTokens from './migrations/0017-exchanged-tokens.ts'
import * as ownRevision from './migrations/0018-own-revision.ts'
import * as secrets from './migrations/secrets/0019-secrets.ts'
import * as portalClients from './migrations/0020-portal-clients.ts'
import * as ordersTaken from './migrations/secrets/0021-orders-taken.ts'
import * as verifiedAddresses from './migrations/secrets/0022-verified-addresses.ts'
import type { Database } from './schema.ts'

/**
 * The migrations of the time when Kysely ran them all. Versions of that time refuse a database whose list of Kysely's
 * names more than they know: never add to these. (No release ever used the number 0004.)
 */
const first: Record<string, Migration> = {
  '0001-policy': policy,
  '0002-platform': platform,
  '0003-definitions': definitions,
  '0005-server-health': serverHealth,
  '0006-join-lines': joinLines,
  '0007-sealed-forwarding': sealedForwarding,
  '0008-plane-audit': planeAudit,
}

/** Every migration since, in order. Migrations only go forward: never change or remove an entry. */
export const laterMigrations: Readonly<Record<string, LaterMigration>> = {
  '0009-declared-members': declaredMembers,
  '0010-policy-histories': policyHistories,
  '0011-health-transport': healthTransport,
  '0012-list-faults': listFaults,
  '0013-declared-people': declaredPeople,
  '0014-audit-gap': auditGap,
  '0015-first-sign-in': firstSignIn,
  '0016-authorization-server': authorizationServer,
  '0017-exchanged-tokens': exchangedTokens,
  '0018-own-revision': ownRevision,
  '0019-secrets': secrets,
  '0020-portal-clients': portalClients,
  '0021-orders-taken': ordersTaken,
  '0022-verified-addresses': verifiedAddresses,
}

/**
 * Runs the migrations that this database lacks. Two processes may call this at once: each migration runs once. Rejects
 * with `LaterDatabase` when a later version ran migrations after which this one cannot work. `later` and `version`
 * stand for another version than this one.
 */
export async function migrate(db: Kysely<Database>, later = laterMigrations, version = VERSION): Promise<Migrated> {
  const ranFirst = await runFirst(db)
  const { ran, ofLaterVersion } = await runLater(db, later, version)
  return { ran: [...ranFirst, ...ran], ofLaterVersion }
}

async function runFirst(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...first, ...(await passedBy(db)) }) } })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw new Error('The database could not be migrated', { cause: error })
  return (results ?? []).map(({ migrationName }) => migrationName)
}

/** For a short time of development Kysely listed later migrations too. It calls a database corrupted that has more. */
async function passedBy(db: Kysely<Database>): Promise<Record<string, Migration>> {
  const { rows: tables } = await sql<{ name: string | null }>`select to_regclass('kysely_migration')::text as name`.execute(db)
  if (tables[0]?.name == null) return {}
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  const others = rows.filter(({ name }) => !Object.hasOwn(first, name))
  return Object.fromEntries(others.map(({ name }) => [name, { up: async () => undefined }]))
}
