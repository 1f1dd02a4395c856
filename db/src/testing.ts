import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { Client } from 'pg'
import { connect } from './index.ts'
import type { Db } from './index.ts'
import { migrate } from './migrate.ts'

/** A real Postgres database for one test. It is dropped at the end of `await using`, or by `drop()`. */
export interface TestDb extends AsyncDisposable {
  db: Db
  url: string
  drop(): Promise<void>
}

/**
 * Makes a database for one test, as a copy of a migrated template unless `migrated` is false. It is on the cluster of
 * the test run, or on `TEST_DATABASE_URL`, whose role must be allowed to create databases.
 */
export async function testDb({ migrated = true }: { migrated?: boolean } = {}): Promise<TestDb> {
  const server = await serverUrl()
  const template = migrated ? await ensureTemplate(server) : 'template0'
  const name = `bir_test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, (client) => client.query(`create database ${name} template ${template}`))

  const url = urlOf(server, name)
  const db = connect(url)
  const drop = async () => {
    await db.destroy()
    await onServer(server, (client) => client.query(`drop database if exists ${name} with (force)`))
  }
  return { db, url, drop, [Symbol.asyncDispose]: drop }
}

/** The server that holds the test databases. The first call starts the cluster of the test run (testing-setup.ts). */
async function serverUrl(): Promise<string> {
  const configuredUrl = process.env.TEST_DATABASE_URL
  if (configuredUrl) return configuredUrl
  const broker = process.env.BIR_TEST_POSTGRES
  if (!broker) throw new Error('testDb() needs a Postgres: name the folder of this test under `integration` in vitest.config.ts.')
  const response = await fetch(broker)
  if (!response.ok) throw new Error(await response.text())
  return response.text()
}

let template: Promise<string> | undefined

/**
 * Makes the template once per process. Its name holds a hash of the migrations: a changed one makes a new template.
 */
function ensureTemplate(server: string): Promise<string> {
  template ??= makeTemplate(server)
  return template
}

async function makeTemplate(server: string): Promise<string> {
  const folder = new URL('./migrations/', import.meta.url)
  const hash = createHash('sha256')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  for (const file of files.sort()) hash.update(readFileSync(new URL(file, folder)))
  const name = `bir_template_${hash.digest('hex').slice(0, 12)}`

  await onServer(server, async (client) => {
    await client.query("select pg_advisory_lock(hashtext('bir_template'))")
    const { rowCount } = await client.query('select from pg_database where datname = $1 and datistemplate', [name])
    if (rowCount) return
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name}`)
    const db = connect(urlOf(server, name))
    try {
      await migrate(db)
    } finally {
      await db.destroy()
    }
    await client.query(`alter database ${name} is_template true`)
  })
  return name
}

async function onServer(server: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: server })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}
