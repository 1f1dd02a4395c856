import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Db } from '@bir/db'
import { AUDIT_STORED_HEADER, AUDIT_VERSION, AUDIT_VERSION_HEADER, MAX_AUDIT_RECORD_BYTES } from '@bir/sdk/contract/audit'
import { HeldQuery } from '@bir/sdk/contract/held'
import {
  Ack,
  DefinitionsReport,
  isForeignAck,
  ListFaults,
  OPENS_SEALED,
  OVER_SSE,
  PlaneAddress,
  SessionMisuse,
} from '@bir/sdk/contract/internal'
import { Id, Sha256 } from '@bir/sdk/contract/names'
import { z } from 'zod'
import { BatchFault, parseBatch } from '../audit/batch.ts'
import { ingest } from '../audit/ingest.ts'
import { acceptReport } from '../definitions/report.ts'
import { json, Refusal } from '../base/http.ts'
import type { Answer, Exchange, Route } from '../base/http.ts'
import type { WhileAnswering } from '../base/while-answering.ts'
import { acknowledge } from '../planes/acknowledge.ts'
import { join } from '../planes/join.ts'
import type { JoinParts } from '../planes/join.ts'
import { setPlaneAddress } from '../planes/address.ts'
import { errorText } from '../base/log.ts'
import { notePersonalTokens } from '../personal-tokens/used.ts'
import { planeOrigin } from '../planes/internal-url.ts'
import { readRoster } from '../planes/roster.ts'
import { sealedRingFor } from '../planes/sealed-ring.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { storeHeld } from '../plane-state/held.ts'
import type { Evidence } from '../snapshots/history.ts'
import { endSession } from '../sessions/end-session.ts'
import { readSettings } from '../settings/settings.ts'
import { storeListFaults } from '../definitions/list-faults.ts'
import { serveSnapshot } from '../snapshots/serve.ts'
import type { RevisionWatch } from '../snapshots/serve-watch.ts'
import { jsonOf, parse } from './body.ts'
import { planeAndBody, planeOf } from './plane.ts'
import { answerOrder, checkOrders, receiveVerdict } from './secret-checks.ts'
import type { OrderWatch } from '../secrets/orders/order-watch.ts'
import { readSecret, secretMissing } from './secrets.ts'

const maxJsonBytes = 64 * 1024
/** 20 servers of 60 sentences with 500 characters, of which JSON can make 6 bytes each, with room to spare. */
const maxListFaultsBytes = 4 * 1024 * 1024
const maxDefinitionsBytes = 8 * 1024 * 1024

const compress = promisify(gzip)

export interface InternalParts extends JoinParts {
  db: Db
  master: MasterKey
  watch: RevisionWatch
  publishAbove: (evidence: Evidence) => Promise<boolean>
  whileAnswering: WhileAnswering
  orders: OrderWatch
}

type Handler = (parts: InternalParts, exchange: Exchange) => Promise<Answer>

/** They wait for something else than the database, and look themselves whether it answers. */
const waits: ReadonlySet<Handler> = new Set([snapshot, checkOrders])

/** The routes for data planes. They must never be reachable through a public ingress. */
export function internalRoutes(parts: InternalParts): Route[] {
  const route = (method: Route['method'], path: string, handle: Handler): Route => ({
    method,
    path,
    answer: (exchange) => (waits.has(handle) ? handle(parts, exchange) : parts.whileAnswering(() => handle(parts, exchange))),
  })
  return [
    route('POST', '/internal/v1/join', joinPlane),
    route('GET', '/internal/v1/snapshot', snapshot),
    route('GET', '/internal/v1/chunks/*', chunk),
    route('POST', '/internal/v1/acks', receiveAck),
    route('POST', '/internal/v1/audit', receiveAudit),
    route('POST', '/internal/v1/list-faults', receiveListFaults),
    route('POST', '/internal/v1/definitions', receiveDefinitions),
    route('GET', '/internal/v1/definitions/*', definition),
    route('POST', '/internal/v1/sessions/*', endMisused),
    route('GET', '/internal/v1/sealing-keys', sealingKeys),
    route('POST', '/internal/v1/planes', receiveAddress),
    route('GET', '/internal/v1/planes', roster),
    route('GET', '/internal/v1/secrets/checks', checkOrders),
    route('POST', '/internal/v1/secrets/checks/*', answerOrder),
    route('POST', '/internal/v1/secrets/verdict', receiveVerdict),
    route('POST', '/internal/v1/secrets/read', readSecret),
    route('POST', '/internal/v1/secrets/missing', secretMissing),
  ]
}

const joinPlane: Handler = async (parts, { body }) => json(200, await join(parts, jsonOf(await body(maxJsonBytes))))

const Poll = z.object({
  ...HeldQuery.shape,
  have: z.coerce.number().int().min(0).catch(0),
  wait: z.coerce
    .number()
    .min(0)
    .catch(0)
    .transform((seconds) => Math.min(seconds, 55)),
})

async function snapshot(
  { db, issuer, manifestKey, watch, publishAbove, whileAnswering, log }: InternalParts,
  exchange: Exchange,
): Promise<Answer> {
  const { have: revision, wait, ...held } = Poll.parse(Object.fromEntries(exchange.url.searchParams))
  const claim = { revision, ...held }
  const plane = await whileAnswering(async () => {
    const asking = await planeOf(db, issuer, exchange)
    await storeHeld(db, asking.id, asking.held, claim)
    return asking
  })
  const poll = { plane: plane.id, claim, waitMs: wait * 1000 }
  return json(200, await serveSnapshot({ watch, key: manifestKey, publishAbove, log }, poll, exchange.signal))
}

async function receiveAck({ db, issuer, log }: InternalParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxJsonBytes)
  const value = jsonOf(body)
  const held = HeldQuery.parse(Object.fromEntries(exchange.url.searchParams))
  const overSse = new Set(exchange.url.searchParams.get(OVER_SSE)?.split(','))
  const stored = isForeignAck(value) ? undefined : await acknowledge(db, log, plane, parse(Ack, value), { held, overSse })
  return { status: 204, ...(stored !== undefined && { headers: { [AUDIT_STORED_HEADER]: String(stored) } }) }
}

async function receiveAudit({ db, issuer, log }: InternalParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, MAX_AUDIT_RECORD_BYTES)
  const records = batchOf(body, plane.id)
  const { stored, fault } = await ingest(db, { plane: plane.id, key: plane.publicKey }, records, Date.now())
  const kept = records.filter(({ header }) => header.seq <= stored)
  await notePersonalTokens(db, kept, Date.now()).catch((error: unknown) => log('warn', 'token-use-not-noted', { why: errorText(error) }))
  for (const { standIn } of records)
    if (standIn) log('error', 'audit-record-apart', { plane: plane.id, name: plane.name, seq: standIn.apart.seq, why: standIn.why })
  if (!fault) return json(200, { stored }, { [AUDIT_VERSION_HEADER]: String(AUDIT_VERSION) })
  log('error', 'audit-chain-broken', { plane: plane.id, name: plane.name, stored, ...fault })
  throw new Refusal(409, 'broken_chain', `Record ${fault.seq} does not continue the chain: ${fault.fault}.`, { stored, fault })
}

async function receiveDefinitions({ db, issuer, ctxOf }: InternalParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxDefinitionsBytes)
  await acceptReport(ctxOf(`plane:${plane.name}`), parse(DefinitionsReport, jsonOf(body)))
  return { status: 204 }
}

async function receiveListFaults({ db, issuer }: InternalParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxListFaultsBytes)
  await storeListFaults(db, plane.id, parse(ListFaults, jsonOf(body)))
  return { status: 204 }
}

/** Ends the session, if the settings still say that misuse does. */
async function endMisused({ db, issuer, ctxOf }: InternalParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxJsonBytes)
  const [sid = '', act, ...more] = exchange.rest.split('/')
  if (act !== 'end' || more.length > 0 || !Id.safeParse(sid).success)
    throw new Refusal(404, 'not_found', 'A session is ended at /sessions/{sid}/end.')
  const { reason } = parse(SessionMisuse, jsonOf(body))
  const { bindingRevokes } = await readSettings(db)
  if (bindingRevokes === 'on') await endSession(ctxOf(`plane:${plane.name}`), sid, reason)
  return { status: 204 }
}

async function sealingKeys({ db, issuer, master }: InternalParts, exchange: Exchange): Promise<Answer> {
  return json(200, { box: await sealedRingFor(db, master, await planeOf(db, issuer, exchange)) })
}

async function receiveAddress({ db, issuer, planeSites, ctxOf }: InternalParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxJsonBytes)
  const { internalUrl } = parse(PlaneAddress, jsonOf(body))
  await setPlaneAddress(ctxOf(`plane:${plane.name}`), plane.id, {
    internalUrl: planeOrigin(internalUrl, planeSites),
    opensSealed: exchange.url.search.slice(1).split('&').includes(OPENS_SEALED),
  })
  return { status: 204 }
}

async function roster({ db, issuer }: InternalParts, exchange: Exchange): Promise<Answer> {
  await planeOf(db, issuer, exchange)
  return json(200, { planes: await readRoster(db) })
}

/** Serves the canonical bytes of an approved definition. Their SHA-256 is its name. */
async function definition({ db, issuer }: InternalParts, exchange: Exchange): Promise<Answer> {
  await planeOf(db, issuer, exchange)
  const query = db.selectFrom('definitions').select('definition').where('state', '=', 'approved').limit(1)
  const name = Sha256.safeParse(exchange.rest)
  const row = name.success && (await query.where('hash', '=', name.data).executeTakeFirst())
  if (!row) throw new Refusal(404, 'not_found', 'There is no such definition: ask for the newest snapshot.')
  const headers = { 'content-type': 'application/json', 'cache-control': 'private, max-age=31536000, immutable' }
  return { status: 200, headers, body: row.definition }
}

async function chunk({ db, issuer }: InternalParts, exchange: Exchange): Promise<Answer> {
  await planeOf(db, issuer, exchange)
  const name = Sha256.safeParse(exchange.rest)
  const row = name.success && (await db.selectFrom('chunks').select('bytes').where('sha256', '=', name.data).executeTakeFirst())
  if (!row) throw new Refusal(404, 'not_found', 'There is no such chunk: ask for the newest snapshot.')
  const headers = { 'content-type': 'application/json', 'cache-control': 'private, max-age=31536000, immutable', vary: 'accept-encoding' }
  if (row.bytes.length < 1024 || !/\bgzip\b/.test(exchange.request.headers['accept-encoding']?.toString() ?? ''))
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
