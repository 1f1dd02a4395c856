import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { MountedServer, MountedTool } from '@bir/data-plane/catalog'
import type { Database } from '@bir/db/schema'
import { testDb } from '@bir/db/testing'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Level } from '@bir/sdk/contract/level'
import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Change, Ctx } from './base/context.ts'
import { shortHasher } from './definitions/short-hash.ts'
import { masterKeyOf } from './keys/master-key.ts'
import { apply } from './policy/apply.ts'
import { createProver } from './secrets/proving/prover.ts'
import { createEmbeddedStore } from './secrets/stores/embedded/embedded-store.ts'
import { z } from 'zod'
import { put } from './users/users.ts'

const unused = async () => Promise.reject(new Error('no test calls a tool here'))

/** A server that can be mounted, with tools of these levels. A setting named `bad` is a fault. */
export function aServer(id: string, levels: Record<string, Level>): MountedServer {
  const tool = ([name, level]: [string, Level]): [string, MountedTool] => {
    const entry = { name, description: name, inputSchema: {}, outputSchema: {}, annotations: {} }
    return [name, { name, level, description: name, entry, call: unused }]
  }
  return {
    id,
    title: id.toUpperCase(),
    secret: undefined,
    tools: new Map(Object.entries(levels).map(tool)),
    resources: new Map(),
    templates: new Map(),
    prompts: new Map(),
    emits: [],
    logs: false,
    changes: { listen: () => () => undefined },
    settings: z.looseObject({}),
    faults: (settings) => (typeof settings === 'object' && settings && 'bad' in settings ? ['settings.bad: is bad'] : []),
    faultsInPolicy: () => [],
    check: unused,
    close: async () => undefined,
  }
}

export const aCatalog = new Map(
  [
    aServer('sql', { list_tables: 'read', execute_query: 'read', drop_table: 'destroy' }),
    aServer('charts', { create_chart: 'read', save_chart: 'write' }),
  ].map((server) => [server.id, server]),
)

/** How many transactions of this database wait for a lock. */
export async function waitingForLocks(db: Kysely<Database>): Promise<number> {
  const query = sql<{ count: number }>`
    select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return (await query.execute(db)).rows[0]?.count ?? 0
}

/**
 * An administrator's context with a database for one test. Its publisher only counts: one revision for each change
 * that left a mark. `marks` are the parts that the latest revision would have compiled.
 */
export async function aControlPlane() {
  const { db, drop } = await testDb()
  const recorded: (Change & { actor: string })[] = []
  const published = { revision: 0, marks: [] as string[] }
  const store = createEmbeddedStore({ db, master: masterKeyOf(randomBytes(32)) })
  const ctx: Ctx = {
    db,
    catalog: aCatalog,
    idpProvider: 'demo',
    providers: { environment: undefined, isLocal: true, states: async () => [] },
    actor: { id: 'operator:test', label: 'operator:test', administrator: true },
    ownChainKey: { kty: 'OKP', kid: uuidv7(), alg: 'EdDSA' },
    secrets: {
      store,
      prove: createProver({
        store,
        secretsDir: undefined,
        proveAtPlanes: async () => ({ verdict: 'unreachable', says: 'No data plane runs.' }),
      }),
    },
    joinLines: { lineOf: (secret) => `http://control.test#${secret}.${'0'.repeat(64)}`, renewFile: async () => undefined },
    shortHash: shortHasher(generateKeyPairSync('ed25519').privateKey),
    recordChange: async (_trx, { actor, ...change }) => void recorded.push({ ...change, actor: actor.label }),
    publisher: {
      async publish() {
        const rows = await db.deleteFrom('dirty').returning('part').execute()
        published.marks = rows.map(({ part }) => part).sort()
        if (rows.length > 0) published.revision++
        return published.revision
      },
    },
  }
  const aPerson = (handle: string) => put(ctx, { handle, provider: 'demo', subject: `subject-of-${handle}` })
  /** The same context for a person who is not an administrator. */
  const as = async (handle: string): Promise<Ctx> => {
    const { id } = await db.selectFrom('users').select('id').where('handle', '=', handle).executeTakeFirstOrThrow()
    return { ...ctx, actor: { id, label: handle, administrator: false, userId: id } }
  }
  const applied = (file: PolicyFile) => apply(ctx, { file })
  return { ctx, db, recorded, published, aPerson, as, applied, [Symbol.asyncDispose]: drop }
}

export const bucketOf = ({ id }: { id: string }): string => String(Number.parseInt(id.slice(-3), 16))
