import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { prepareCluster } from './embedded/cluster.ts'
import { PostgresFault } from './embedded/fault.ts'
import { Passwords } from './embedded/passwords.ts'
import { makePlaces, settlePlaces } from './embedded/places.ts'
import { startPostmaster } from './embedded/postmaster.ts'
import { prepareRuntime } from './embedded/runtime.ts'
import { endStale } from './embedded/stale.ts'

export { PostgresFault } from './embedded/fault.ts'
export { removePlaces as removeEmbeddedPostgres } from './embedded/places.ts'

/** A Postgres that belongs to this process. It can be reached by a unix socket only. */
export interface EmbeddedPostgres {
  version: string
  socketDir: string
  /** The folder of the cluster and its programs. When root starts it, it lies outside the home. */
  base: string
  superuserUrl: string
  /** The URL with which `role` connects to `database`. */
  url(database: string, role: string): string
  /** The password of a role. It is made at the first call. */
  password(role: string): string
  /** Makes the role and its database if they do not exist. No other role may connect to that database. */
  ensureDatabase(database: string, owner: string): Promise<void>
  stop(): Promise<void>
  /** Resolves with the last lines of the log when Postgres has ended, for whatever reason. */
  ended: Promise<string>
}

/** Starts the Postgres of `home`, and makes it first if there is none. Throws a `PostgresFault` of one sentence. */
export async function startEmbeddedPostgres(options: {
  home: string
  settings?: Record<string, string>
  onProgress?: (line: string) => void
}): Promise<EmbeddedPostgres> {
  const { home, settings = {}, onProgress = () => {} } = options
  const places = makePlaces(home)
  const isNew = !existsSync(places.data)
  const passwords = passwordsOf(home, isNew)
  if (isNew) onProgress('Setting up PostgreSQL …')
  await endStale(places.data)
  settlePlaces(places)
  const runtime = prepareRuntime(places)
  prepareCluster(places, runtime, passwords.forRole('postgres'))
  const postmaster = await startPostmaster(places, runtime, settings)

  const url = (database: string, role: string) => urlOf(places.socketDir, database, role, passwords.forRole(role))
  const superuserUrl = url('postgres', 'postgres')
  return {
    version: runtime.version.split('.').slice(0, 2).join('.'),
    socketDir: places.socketDir,
    base: places.base,
    superuserUrl,
    url,
    password: (role) => passwords.forRole(role),
    ensureDatabase: (database, owner) => ensureDatabase(superuserUrl, database, owner, passwords.forRole(owner)),
    ...postmaster,
  }
}

function passwordsOf(home: string, isNew: boolean): Passwords {
  if (!isNew && !existsSync(join(resolve(home), 'postgres-passwords.json'))) {
    throw new PostgresFault(
      `The passwords of the database in ${home} are gone: restore postgres-passwords.json, or move the home away to begin afresh.`,
    )
  }
  return new Passwords(home)
}

function urlOf(socketDir: string, database: string, role: string, password: string): string {
  const encode = encodeURIComponent
  return `postgres://${encode(role)}:${encode(password)}@localhost/${encode(database)}?host=${encode(socketDir)}`
}

async function ensureDatabase(superuserUrl: string, database: string, owner: string, password: string): Promise<void> {
  const client = new Client({ connectionString: superuserUrl })
  await client.connect()
  try {
    const [role, base] = [escapeIdentifier(owner), escapeIdentifier(database)]
    const { rowCount: roles } = await client.query('select from pg_roles where rolname = $1', [owner])
    if (!roles) await client.query(`create role ${role} login`)
    await client.query(`alter role ${role} password ${escapeLiteral(password)}`)
    const { rowCount: databases } = await client.query('select from pg_database where datname = $1', [database])
    if (!databases) await client.query(`create database ${base} owner ${role}`)
    await client.query(`revoke connect, temporary on database ${base} from public`)
    await client.query('revoke connect on database postgres, template1 from public')
  } finally {
    await client.end()
  }
}
