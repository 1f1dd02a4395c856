import { randomInt } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { Kysely } from 'kysely'
import { outageText } from '../../../base/outage.ts'
import type { MasterKey } from '../../../keys/master-key.ts'
import { ensureHolderKey, holderName, unwrapHolderKey } from '../embedded/holder-keys.ts'
import { isUnreadable, StoreFault } from '../store.ts'
import type { SecretStore, StoredSecret } from '../store.ts'
import type { ConsulKv } from './consul-client.ts'
import { readDocument, writeDocument } from './holder-document.ts'
import type { SealedServers } from './holder-document.ts'
import { openSecret, sealSecret } from './seal-secret.ts'

interface Parts {
  kv: ConsulKv
  /** `CONSUL_PREFIX`, with its slash at the end. */
  prefix: string
  db: Kysely<Database>
  master: MasterKey
}

/**
 * Secrets in Consul's KV store: one YAML document per holder, with the sealed values of each server. Consul stores
 * plain text, so each holder has a data key. It lies in our database, wrapped by the master key, and not in the
 * document: deleting it erases the values in every copy that Consul or its backups still hold.
 */
export function createConsulStore(parts: Parts): SecretStore {
  return {
    kind: 'consul',
    read: (place) => read(parts, place),
    write: (place, fields, expected) => write(parts, place, fields, expected),
    delete: (place, { unreadable = false } = {}) => remove(parts, place, unreadable),
    deleteUnreadable: (holder) => removeUnreadable(parts, holderName(holder)),
    check: () => check(parts),
    close: async () => parts.kv.close(),
  }
}

async function read({ kv, prefix, db, master }: Parts, place: SecretPlace): Promise<StoredSecret | undefined> {
  const holder = holderName(place.holder)
  const entry = await kv.get(prefix + holder)
  const sealed = entry && readDocument(entry.key, holder, entry.value).get(place.server)
  if (!sealed) return undefined
  const row = await fromDatabase(() => db.selectFrom('secret_keys').select('wrapped').where('holder', '=', holder).executeTakeFirst())
  // The holder was erased, and somebody put an old document back.
  if (!row) return undefined
  const key = unwrapHolderKey(master, holder, row.wrapped)
  return { fields: openSecret(key, secretPath(place), sealed), storeVersion: String(sealed.version) }
}

async function write(parts: Parts, place: SecretPlace, fields: SecretFields, expected: string | null): Promise<string> {
  const holder = holderName(place.holder)
  const key = await fromDatabase(() => parts.db.transaction().execute((trx) => ensureHolderKey(trx, parts.master, holder)))
  return edit(parts, holder, (servers) => {
    const current = servers.get(place.server)
    if (expected !== (current ? String(current.version) : null))
      throw new StoreFault('conflict', `Somebody else wrote the secret ${secretPath(place)} meanwhile. Look at it, then put it again.`)
    // Random, so that a version that was deleted does not come back.
    const version = current ? current.version + 1 : randomInt(1, 2 ** 40)
    const sealed = sealSecret(key, secretPath(place), version, fields)
    return { servers: new Map([...servers, [place.server, sealed]]), result: String(version) }
  })
}

async function remove(parts: Parts, place: SecretPlace, unreadable: boolean): Promise<void> {
  const holder = holderName(place.holder)
  try {
    await edit(parts, holder, (servers) => {
      const rest = new Map(servers)
      return { servers: rest.delete(place.server) ? rest : undefined, result: undefined }
    })
  } catch (error) {
    // What a key sealed that is erased is lost, whatever else the document was.
    if (!isUnreadable(error) || !(unreadable || (await isErased(parts, holder)))) throw error
    await removeUnreadable(parts, holder)
  }
}

const isErased = async ({ db }: Parts, holder: string): Promise<boolean> =>
  (await fromDatabase(() => db.selectFrom('secret_keys').select('holder').where('holder', '=', holder).executeTakeFirst())) === undefined

/** Deletes the document of a holder that cannot be read. */
async function removeUnreadable({ kv, prefix }: Parts, holder: string): Promise<void> {
  for (let round = 0; round < tries; round++) {
    const entry = await kv.get(prefix + holder)
    if (!entry || canBeRead(entry.key, holder, entry.value) || (await kv.delete(entry.key, entry.modifyIndex))) return
  }
  throw busy(holder)
}

function canBeRead(key: string, holder: string, value: Uint8Array): boolean {
  try {
    readDocument(key, holder, value)
    return true
  } catch {
    return false
  }
}

/** So often a write begins again because another one of the same holder was faster. */
const tries = 20

/**
 * Changes the document of a holder. Secrets of all their servers are one document: whoever loses the race to it reads
 * what the other wrote, and makes the change to that. `servers: undefined` changes nothing.
 */
async function edit<T>(
  { kv, prefix }: Parts,
  holder: string,
  change: (servers: SealedServers) => { servers: SealedServers | undefined; result: T },
): Promise<T> {
  const key = prefix + holder
  for (let round = 0; round < tries; round++) {
    const entry = await kv.get(key)
    const { servers, result } = change(entry ? readDocument(key, holder, entry.value) : new Map())
    if (!servers) return result
    const wasFirst =
      servers.size === 0
        ? await kv.delete(key, entry?.modifyIndex ?? 0)
        : await kv.set(key, writeDocument(holder, servers), entry?.modifyIndex ?? 0)
    if (wasFirst) return result
  }
  throw busy(holder)
}

const busy = (holder: string) =>
  new StoreFault('conflict', `The secrets of ${holder} are written by many at once. Try again in a moment.`, { retryable: true })

async function check({ kv, prefix, db, master }: Parts): Promise<void> {
  if (!(await kv.hasLeader())) throw new StoreFault('unreachable', 'Consul has no leader: too few of its servers run.', { retryable: true })
  // Answers 403 without the permission to read, also where there is no such key.
  await kv.get(`${prefix}shared`)
  const row = await fromDatabase(() => db.selectFrom('secret_keys').select(['holder', 'wrapped']).limit(1).executeTakeFirst())
  if (row) unwrapHolderKey(master, row.holder, row.wrapped)
}

/** The data keys lie in the database: without it there are no secrets either. */
async function fromDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const outage = outageText(error)
    throw outage === undefined ? error : new StoreFault('unreachable', outage, { retryable: true, cause: error })
  }
}
