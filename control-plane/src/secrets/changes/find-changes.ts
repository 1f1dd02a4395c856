import type { Database } from '@bir/db/schema'
import { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { Kysely, Selectable } from 'kysely'
import { sql } from 'kysely'
import { UNREADABLE } from '../operations/apply-verdict.ts'
import { holderName } from '../stores/embedded/holder-keys.ts'
import { StoreFault } from '../stores/store.ts'
import type { ConsulKv } from '../stores/consul/consul-client.ts'
import { readDocument } from '../stores/consul/holder-document.ts'
import type { SealedServers } from '../stores/consul/holder-document.ts'

type Row = Selectable<Database['secrets']>

/** A secret that is not in Consul as this gateway wrote it. */
export type Beside =
  | { row: Row; is: 'removed' }
  /** It has another value, which `storeVersion` names; undefined when the document cannot be read. */
  | { row: Row; is: 'changed'; storeVersion: string | undefined }

interface Parts {
  kv: ConsulKv
  prefix: string
  db: Kysely<Database>
}

const rowsAPage = 500
const readsAtOnce = 8

/** Compares every secret that should be in Consul with what is there, some at a time. */
export async function* findBeside(parts: Parts): AsyncGenerator<Beside> {
  const keys = new Set(await parts.kv.keys(parts.prefix))
  let after = ''
  for (;;) {
    const rows = await pageOfRows(parts.db, after)
    const last = rows.at(-1)
    if (!last) return
    after = last.id
    yield* await compare(parts, rows, keys)
  }
}

/** Looks at one secret again: what was under way when it was found is over. Undefined: all is well by now. */
export async function stillBeside(parts: Parts, { id }: Row): Promise<Beside | undefined> {
  const row = await parts.db.selectFrom('secrets').selectAll().where('id', '=', id).where('store', '=', 'consul').executeTakeFirst()
  if (!row) return undefined
  return judge(row, await documentOf(parts, nameOf(row)))
}

const pageOfRows = (db: Kysely<Database>, after: string): Promise<Row[]> =>
  db
    .selectFrom('secrets')
    .selectAll()
    .where('store', '=', 'consul')
    .$if(after !== '', (query) => query.where('id', '>', after))
    .orderBy('id')
    .limit(rowsAPage)
    .execute()

async function compare(parts: Parts, rows: readonly Row[], keys: ReadonlySet<string>): Promise<Beside[]> {
  const names = [...new Set(rows.map(nameOf))]
  const documents = new Map<string, Document>()
  const read = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      documents.set(name, keys.has(parts.prefix + name) ? await documentOf(parts, name) : new Map())
  }
  await Promise.all(Array.from({ length: readsAtOnce }, read))
  return rows.flatMap((row) => judge(row, documents.get(nameOf(row)) ?? new Map()) ?? [])
}

/** `unreadable`: what lies there is no document of ours. */
type Document = SealedServers | 'unreadable'

async function documentOf({ kv, prefix }: Parts, name: string): Promise<Document> {
  const entry = await kv.get(prefix + name)
  if (!entry) return new Map()
  try {
    return readDocument(entry.key, name, entry.value)
  } catch (error) {
    if (error instanceof StoreFault && error.kind === 'malformed') return 'unreadable'
    throw error
  }
}

function judge(row: Row, document: Document): Beside | undefined {
  if (document === 'unreadable') return isKnownUnreadable(row) ? undefined : { row, is: 'changed', storeVersion: undefined }
  const sealed = document.get(row.server)
  if (!sealed) return isKnownGone(row) ? undefined : { row, is: 'removed' }
  const storeVersion = String(sealed.version)
  return storeVersion === row.store_version && !isKnownGone(row) && !isKnownUnreadable(row)
    ? undefined
    : { row, is: 'changed', storeVersion }
}

/** What is said of a secret that somebody took out of the store. */
export const GONE: SecretVerdict = {
  verdict: 'invalid',
  says: 'The store no longer has this secret: somebody deleted it there. Put it again.',
}

const isKnown = ({ says }: SecretVerdict, { state, verdict }: Row) =>
  state === 'invalid' && SecretVerdict.safeParse(verdict).data?.says === says
const isKnownGone = (row: Row) => isKnown(GONE, row)
const isKnownUnreadable = (row: Row) => isKnown(UNREADABLE, row)

const nameOf = ({ holder_kind: kind, holder_id: id }: Row) => holderName(kind === 'shared' ? { kind } : { kind, id })

/** Has the secret checked again soon. Nothing when somebody wrote it meanwhile. */
export async function checkSoon(db: Kysely<Database>, { row, storeVersion }: Beside & { is: 'changed' }): Promise<void> {
  await db
    .updateTable('secrets')
    .set({ check_after: sql<Date>`now()`, ...(storeVersion === undefined ? {} : { store_version: storeVersion }) })
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .where('store_version', 'is not distinct from', row.store_version)
    .execute()
}
