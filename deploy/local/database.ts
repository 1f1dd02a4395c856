import { startEmbeddedPostgres } from '@bir/db/embedded'
import type { EmbeddedPostgres } from '@bir/db/embedded'
import { join } from 'node:path'
import { ensureReader, seedBank } from './bank/seed-bank.ts'
import type { Places } from './base/home.ts'
import { writeAtomically } from './base/home.ts'

const reader = 'bank_reader'

/** Starts Postgres with two databases: the gateway's, and the demo bank with a role that can only read it. */
export async function startDatabases(places: Places, onProgress: (line: string) => void): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ home: places.home, onProgress })
  try {
    await prepare(postgres, places, onProgress)
    return postgres
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

async function prepare(postgres: EmbeddedPostgres, places: Places, onProgress: (line: string) => void): Promise<void> {
  await postgres.ensureDatabase('bir', 'bir')
  await postgres.ensureDatabase('bank', 'bank')
  const outcome = await seedBank(postgres.url('bank', 'bank'))
  if (outcome === 'seeded') onProgress('Filled the demo bank: 2,000 customers, 120,000 transactions.')
  await ensureReader(postgres.url('bank', 'postgres'), reader, postgres.password(reader))
  writeAtomically(join(places.secrets, 'bank-password'), postgres.password(reader))
  writeAtomically(places.databaseUrl, postgres.url('bir', 'bir'))
}
