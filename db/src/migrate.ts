import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import * as policy from './migrations/0001-policy.ts'
import * as platform from './migrations/0002-platform.ts'
import * as definitions from './migrations/0003-definitions.ts'
import * as serverHealth from './migrations/0005-server-health.ts'
import type { Database } from './schema.ts'

/** Every migration, in order. Forward only: a row here is never changed nor taken out. */
const migrations: Record<string, Migration> = {
  '0001-policy': policy,
  '0002-platform': platform,
  '0003-definitions': definitions,
  '0005-server-health': serverHealth,
}

/** Brings the database up to this code. Two that start at once do it once: the migrator holds a lock. Resolves with what it did. */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw new Error('The database could not be migrated.', { cause: error })
  return (results ?? []).map(({ migrationName }) => migrationName)
}
