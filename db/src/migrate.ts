import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import * as policy from './migrations/0001-policy.ts'
import * as platform from './migrations/0002-platform.ts'
import * as definitions from './migrations/0003-definitions.ts'
import * as serverHealth from './migrations/0005-server-health.ts'
import * as joinLines from './migrations/0006-join-lines.ts'
import * as sealedForwarding from './migrations/0007-sealed-forwarding.ts'
import * as planeAudit from './migrations/0008-plane-audit.ts'
import * as declaredMembers from './migrations/0009-declared-members.ts'
import * as policyHistories from './migrations/0010-policy-histories.ts'
import * as healthTransport from './migrations/0011-health-transport.ts'
import * as listFaults from './migrations/0012-list-faults.ts'
import type { Database } from './schema.ts'

/**
 * Every migration, in order. Migrations only go forward: never change or remove an entry.
 * The number 0004 is missing because no release ever used it. Leave it free: Kysely runs migrations in the order of
 * their names, and it refuses a new name that sorts before one that a database has already run.
 */
const migrations: Record<string, Migration> = {
  '0001-policy': policy,
  '0002-platform': platform,
  '0003-definitions': definitions,
  '0005-server-health': serverHealth,
  '0006-join-lines': joinLines,
  '0007-sealed-forwarding': sealedForwarding,
  '0008-plane-audit': planeAudit,
  '0009-declared-members': declaredMembers,
  '0010-policy-histories': policyHistories,
  '0011-health-transport': healthTransport,
  '0012-list-faults': listFaults,
}

/**
 * Runs the migrations that this database lacks, and resolves with their names. Two processes may call this at once:
 * Kysely's migrator holds a lock, so each migration runs once.
 */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw new Error('The database could not be migrated.', { cause: error })
  return (results ?? []).map(({ migrationName }) => migrationName)
}
