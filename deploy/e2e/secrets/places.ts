import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { z } from 'zod'
import { processesWith } from '../processes.ts'

const Cluster = z.object({ base: z.string() })

/** A place where a secret could be left, and what is there now. */
export interface Place {
  name: string
  content: Buffer
}

/** Every file of a home: settings, logs, spools, snapshots, caches, and those of its Postgres, wherever they lie. */
export function* filesOf(home: string): Generator<Place> {
  yield* filesBelow(home)
  const { base } = Cluster.parse(JSON.parse(readFileSync(join(home, 'postgres.json'), 'utf8')))
  if (!base.startsWith(`${home}/`)) yield* filesBelow(base)
}

function* filesBelow(home: string): Generator<Place> {
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    try {
      yield { name: path.slice(home.length + 1), content: readFileSync(path) }
    } catch {
      // Gone since it was listed.
    }
  }
}

/** Every row of every table. A column of bytes is given on its own besides, as what it is. */
export async function* rowsOf(home: string): AsyncGenerator<Place> {
  const database = new pg.Client({ connectionString: readFileSync(join(home, 'database-url'), 'utf8') })
  await database.connect()
  try {
    const { rows: tables } = await database.query<{ name: string }>(
      `select format('%I.%I', relnamespace::regnamespace, relname) as name from pg_class
       where relkind in ('r', 'm') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')`,
    )
    for (const { name } of tables) {
      const { rows } = await database.query<Record<string, unknown>>(`select * from ${name}`)
      yield* rows
        .flatMap((row) => [Buffer.from(JSON.stringify(row)), ...Object.values(row).filter((value) => Buffer.isBuffer(value))])
        .map((content) => ({ name: `table ${name}`, content }))
    }
  } finally {
    await database.end()
  }
}

/** The arguments and the environment of every process of a home. Linux only. */
export async function* processPlaces(home: string): AsyncGenerator<Place> {
  for (const { pid, command } of await processesWith(home, '')) {
    for (const file of ['cmdline', 'environ']) {
      try {
        yield { name: `${file} of ${command}`, content: readFileSync(`/proc/${pid}/${file}`) }
      } catch {
        // Ended since it was listed.
      }
    }
  }
}
