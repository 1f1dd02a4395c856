import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Db } from '@bir/db'
import type { Database } from '@bir/db/schema'
import { Ack, DefinitionsReport, PlaneAddress } from '@bir/sdk/contract/internal'
import { Sha256 } from '@bir/sdk/contract/names'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { BatchFault, parseBatch } from '../audit/batch.ts'
import { ingest } from '../audit/ingest.ts'
import { acceptReport } from '../definitions/report.ts'
import { json, Refusal } from '../base/http.ts'
import type { Answer, Exchange, Route } from '../base/http.ts'
import type { Log } from '../base/log.ts'
import { acknowledge } from '../planes/acknowledge.ts'
import { join } from '../planes/join.ts'
import type { JoinParts } from '../planes/join.ts'
import { moved } from '../planes/moved.ts'
import { readRoster } from '../planes/roster.ts'
import { sealedRingFor } from '../planes/sealed-ring.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { serveSnapshot } from '../snapshots/serve.ts'
import type { RevisionWatch } from '../snapshots/serve-watch.ts'
import { planeAndBody, planeOf } from './plane.ts'

const jsonBytes = 64 * 1024
/** Planes send up to a million characters, which may be more bytes than that. */
const auditBytes = 8 * 1024 * 1024

const definitionsBytes = 8 * 1024 * 1024

const compress = promisify(gzip)

export interface InternalParts extends JoinParts {
  db: Db
  master: MasterKey
  watch: RevisionWatch
  log: Log
}

/** What data planes ask. Never on a public ingress. */
export function internalRoutes(parts: InternalParts): Route[] {
  const { db, issuer, master, watch, log, ctxOf } = parts
  const asking = (exchange: Exchange) => planeOf(db, issuer, exchange)

  return [
    {
      method: 'POST',
      path: '/internal/v1/join',
      answer: async ({ body }) => json(200, await join(parts, jsonOf(await body(jsonBytes)))),
    },
    {
      method: 'GET',
      path: '/internal/v1/snapshot',
      async answer(exchange) {
        const plane = await asking(exchange)
        const { have, wait } = Poll.parse(Object.fromEntries(exchange.url.searchParams))
        return json(
          200,
          await serveSnapshot({ watch, key: parts.manifestKey, log }, { plane: plane.id, have, waitMs: wait * 1000 }, exchange.signal),
        )
      },
    },
    {
      method: 'GET',
      path: '/internal/v1/chunks/*',
      async answer(exchange) {
        await asking(exchange)
        return chunk(db, exchange)
      },
    },
    {
      method: 'POST',
      path: '/internal/v1/acks',
      async answer(exchange) {
        const { plane, body } = await planeAndBody(db, issuer, exchange, jsonBytes)
        await acknowledge(db, log, plane, parsed(Ack, jsonOf(body)))
        return { status: 204 }
      },
    },
    {
      method: 'POST',
      path: '/internal/v1/audit',
      async answer(exchange) {
        const { plane, body } = await planeAndBody(db, issuer, exchange, auditBytes)
        const { stored, fault } = await ingest(db, { plane: plane.id, key: plane.publicKey }, batchOf(body, plane.id), Date.now())
        if (!fault) return json(200, { stored })
        log('error', 'audit-chain-broken', { plane: plane.id, name: plane.name, stored, ...fault })
        throw new Refusal(409, 'broken_chain', `Record ${fault.seq} does not continue the chain: ${fault.fault}.`, { stored, fault })
      },
    },
    {
      method: 'POST',
      path: '/internal/v1/definitions',
      async answer(exchange) {
        const { plane, body } = await planeAndBody(db, issuer, exchange, definitionsBytes)
        await acceptReport(ctxOf(`plane:${plane.name}`), parsed(DefinitionsReport, jsonOf(body)))
        return { status: 204 }
      },
    },
    {
      method: 'GET',
      path: '/internal/v1/definitions/*',
      async answer(exchange) {
        await asking(exchange)
        return definition(db, exchange)
      },
    },
    {
      method: 'GET',
      path: '/internal/v1/sealing-keys',
      answer: async (exchange) => json(200, { box: await sealedRingFor(db, master, await asking(exchange)) }),
    },
    {
      method: 'POST',
      path: '/internal/v1/planes',
      async answer(exchange) {
        const { plane, body } = await planeAndBody(db, issuer, exchange, jsonBytes)
        await moved(ctxOf(`plane:${plane.name}`), plane.id, parsed(PlaneAddress, jsonOf(body)))
        return { status: 204 }
      },
    },
    {
      method: 'GET',
      path: '/internal/v1/planes',
      async answer(exchange) {
        await asking(exchange)
        return json(200, { planes: await readRoster(db) })
      },
    },
  ]
}

const Poll = z.object({
  have: z.coerce.number().int().min(0).catch(0),
  wait: z.coerce
    .number()
    .min(0)
    .catch(0)
    .transform((seconds) => Math.min(seconds, 55)),
})

/** Its canonical bytes, which its name is the hash of. Only what is served is given. */
async function definition(db: Kysely<Database>, { rest }: Exchange): Promise<Answer> {
  const query = db.selectFrom('definitions').select('definition').where('state', '=', 'approved').limit(1)
  const name = Sha256.safeParse(rest)
  const row = name.success && (await query.where('hash', '=', name.data).executeTakeFirst())
  if (!row) throw new Refusal(404, 'not_found', 'There is no such definition: ask for the newest snapshot.')
  const headers = { 'content-type': 'application/json', 'cache-control': 'private, max-age=31536000, immutable' }
  return { status: 200, headers, body: row.definition }
}

async function chunk(db: Kysely<Database>, { rest, request }: Exchange): Promise<Answer> {
  const name = Sha256.safeParse(rest)
  const row = name.success && (await db.selectFrom('chunks').select('bytes').where('sha256', '=', name.data).executeTakeFirst())
  if (!row) throw new Refusal(404, 'not_found', 'There is no such chunk: ask for the newest snapshot.')
  const headers = { 'content-type': 'application/json', 'cache-control': 'private, max-age=31536000, immutable', vary: 'accept-encoding' }
  if (row.bytes.length < 1024 || !/\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? ''))
    return { status: 200, headers, body: row.bytes }
  return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: await compress(row.bytes) }
}

function batchOf(body: Buffer, plane: string) {
  try {
    return parseBatch(body.toString(), plane)
  } catch (error) {
    if (error instanceof BatchFault) throw new Refusal(400, 'invalid_request', error.message)
    throw error
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal(400, 'invalid_request', 'The body is not JSON.')
  }
}

function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Refusal(400, 'invalid_request', z.prettifyError(result.error))
}
