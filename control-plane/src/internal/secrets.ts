import type { Db } from '@bir/db'
import { SHARED_ID } from '@bir/db/schema'
import { SecretReadRequest } from '@bir/sdk/contract/secret-messages'
import type { SealedSecret, SecretMissingAnswer, SecretReadAnswer } from '@bir/sdk/contract/secret-messages'
import { isUsable, SecretState } from '@bir/sdk/contract/secret-state'
import { sealTo } from '@bir/sdk/seal-box'
import type { Ctx } from '../base/context.ts'
import { json, Refusal } from '../base/http.ts'
import type { Answer, Exchange } from '../base/http.ts'
import type { Log } from '../base/log.ts'
import { UNREADABLE } from '../secrets/operations/apply-verdict.ts'
import { takeMissing, takeReport } from '../secrets/operations/report.ts'
import { isUnreadable, StoreFault } from '../secrets/stores/store.ts'
import { jsonOf, parse } from './body.ts'
import { planeAndBody } from './plane.ts'

interface ReadParts {
  db: Db
  issuer: string
  log: Log
  ctxOf: (label: string) => Ctx
}

const maxJsonBytes = 64 * 1024

/**
 * A plane needs a secret for a call. It gets the one that the policy names and no other: in the version of now, usable,
 * of a person who may use the gateway, for a server that is on. The answer is sealed to this plane.
 */
export async function readSecret({ db, issuer, ctxOf, log }: ReadParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxJsonBytes)
  const asked = parse(SecretReadRequest, jsonOf(body))
  if (!(await mayRead(db, asked))) throw noSecret()
  const ctx = ctxOf(`plane:${plane.name}`)
  const stored = await ctx.secrets.store.read({ holder: asked.holder, server: asked.server }).catch(async (error: unknown) => {
    if (!isUnreadable(error)) return refusedBy(log)(error)
    log('warn', 'secret-not-read', { kind: error.kind, why: error.message })
    await takeReport(ctx, { ...asked, verdict: UNREADABLE })
    throw new Refusal(409, 'secret_unreadable', 'What lies in the store for this secret cannot be read.')
  })
  // Meanwhile another value may lie there, for another address.
  if (!stored || !(await mayRead(db, asked))) throw noSecret()
  const sealed: SealedSecret = { ...asked, fields: stored.fields }
  const answer: SecretReadAnswer = { box: sealTo(JSON.parse(plane.sealingJwk), Buffer.from(JSON.stringify(sealed))) }
  return json(200, answer, { 'cache-control': 'no-store' })
}

/** A plane found no value in the store for a secret that the policy names. The control plane looks there itself. */
export async function secretMissing({ db, issuer, ctxOf, log }: ReadParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxJsonBytes)
  const gone = await takeMissing(ctxOf(`plane:${plane.name}`), parse(SecretReadRequest, jsonOf(body))).catch(refusedBy(log))
  return json(200, { gone } satisfies SecretMissingAnswer)
}

const refusedBy =
  (log: Log) =>
  (error: unknown): never => {
    if (!(error instanceof StoreFault)) throw error
    log('warn', 'secret-not-read', { kind: error.kind, why: error.message })
    throw new Refusal(503, 'store_unavailable', `The store of secrets does not give it (${error.kind}): ask again later.`)
  }

async function mayRead(db: Db, { holder, server, version }: SecretReadRequest): Promise<boolean> {
  const isOn = await db.selectFrom('servers').select('id').where('id', '=', server).where('killed', '=', false).executeTakeFirst()
  if (!isOn) return false
  if (holder.kind === 'person') {
    const person = await db.selectFrom('users').select('id').where('id', '=', holder.id).where('disabled', '=', false).executeTakeFirst()
    if (!person) return false
  }
  const holderId = holder.kind === 'shared' ? SHARED_ID : holder.id
  const row = await db
    .selectFrom('secrets')
    .select(['version', 'state', 'expires_at'])
    .where('holder_kind', '=', holder.kind)
    .where('holder_id', '=', holderId)
    .where('server', '=', server)
    // What lies there is to be destroyed.
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('secret_erasures').select('since').where('holder_id', '=', holderId).where('server', '=', server))),
    )
    .executeTakeFirst()
  const state = SecretState.safeParse(row?.state).data
  return row?.version === version && state !== undefined && isUsable(state) && (row.expires_at?.getTime() ?? Infinity) > Date.now()
}

const noSecret = () => new Refusal(404, 'no_secret', 'There is no such secret to use now: ask for the newest snapshot.')
