import { randomInt } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { outageText } from '../../../base/outage.ts'
import type { MasterKey } from '../../../keys/master-key.ts'
import { StoreFault } from '../store.ts'
import type { SecretStore, StoredSecret } from '../store.ts'
import { ensureHolderKey, holderName, unwrapHolderKey } from './holder-keys.ts'

const Fields = z.record(z.string(), z.string())

/**
 * The store that needs nothing but the database: AES-256-GCM with a data key for each holder, which the master key
 * wraps. Path and version are authenticated too, so nobody can put a value in the place of another.
 */
export function createEmbeddedStore({ db, master }: { db: Kysely<Database>; master: MasterKey }): SecretStore {
  return {
    kind: 'embedded',
    read: (place) => asFault(() => read(db, master, place)),
    write: (place, fields, expected) => asFault(() => write({ db, master }, place, fields, expected)),
    delete: (place) => asFault(async () => void (await db.deleteFrom('secret_values').where('path', '=', secretPath(place)).execute())),
    check: () => asFault(() => check(db, master)),
    close: async () => undefined,
  }
}

async function read(db: Kysely<Database>, master: MasterKey, place: SecretPlace): Promise<StoredSecret | undefined> {
  const path = secretPath(place)
  const row = await db
    .selectFrom('secret_values')
    .innerJoin('secret_keys', 'secret_keys.holder', 'secret_values.holder')
    .select(['secret_values.holder', 'version', 'sealed', 'wrapped'])
    .where('path', '=', path)
    .executeTakeFirst()
  if (!row) return undefined
  const key = unwrapHolderKey(master, row.holder, row.wrapped)
  return { fields: open(key, path, row.version, row.sealed), storeVersion: String(row.version) }
}

function open(key: MasterKey, path: string, version: number, sealed: Uint8Array): SecretFields {
  try {
    return Fields.parse(JSON.parse(key.unwrap(sealName(path, version), sealed).toString('utf8')))
  } catch {
    // Without the cause: an error of the parser may quote what it read.
    throw new StoreFault('malformed', `The secret ${path} in the database was changed by somebody else. Put it again.`, {
      unreadable: { storeVersion: String(version) },
    })
  }
}

interface Parts {
  db: Kysely<Database>
  master: MasterKey
}

async function write({ db, master }: Parts, place: SecretPlace, fields: SecretFields, expected: string | null): Promise<string> {
  const path = secretPath(place)
  const holder = holderName(place.holder)
  return db.transaction().execute(async (trx) => {
    const key = await ensureHolderKey(trx, master, holder)
    const version = expected === null ? firstVersion() : Number(expected) + 1
    const sealed = key.wrap(sealName(path, version), Buffer.from(JSON.stringify(fields)))
    const written =
      expected === null
        ? await trx
            .insertInto('secret_values')
            .values({ path, holder, version, sealed })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
        : await trx
            .updateTable('secret_values')
            .set({ version, sealed })
            .where('path', '=', path)
            .where('version', '=', Number(expected))
            .executeTakeFirst()
    const rows = 'numUpdatedRows' in written ? written.numUpdatedRows : written.numInsertedOrUpdatedRows
    if (rows !== 1n) throw new StoreFault('conflict', `Somebody else wrote the secret ${path} meanwhile. Look at it, then put it again.`)
    return String(version)
  })
}

/** Random, so that a version that was deleted does not come back: who still expects it must not overwrite another. */
const firstVersion = () => randomInt(1, 2 ** 30)

const sealName = (path: string, version: number) => `secret ${path} ${version}`

/** The database answers, and the master key is the one that its keys were made with. */
async function check(db: Kysely<Database>, master: MasterKey): Promise<void> {
  const row = await db.selectFrom('secret_keys').select(['holder', 'wrapped']).limit(1).executeTakeFirst()
  if (row) unwrapHolderKey(master, row.holder, row.wrapped)
}

async function asFault<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreFault) throw error
    const outage = outageText(error)
    if (outage !== undefined) throw new StoreFault('unreachable', outage, { retryable: true, cause: error })
    throw new StoreFault('service_error', 'The database refuses the secret. Look at its log.', { cause: error })
  }
}
