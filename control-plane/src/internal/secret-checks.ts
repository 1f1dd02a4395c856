import { Id } from '@bir/sdk/contract/names'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { SecretVerdictReport } from '@bir/sdk/contract/secret-messages'
import { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { Db } from '@bir/db'
import { z } from 'zod'
import type { Ctx } from '../base/context.ts'
import type { WhileAnswering } from '../base/while-answering.ts'
import { json, Refusal } from '../base/http.ts'
import type { Answer, Exchange } from '../base/http.ts'
import type { OrderWatch } from '../secrets/orders/order-watch.ts'
import { storableVerdict } from '../secrets/proving/storable-verdict.ts'
import { takeReport } from '../secrets/operations/report.ts'
import { planeAndBody, planeOf } from './plane.ts'

interface CheckParts {
  db: Db
  issuer: string
  orders: OrderWatch
  whileAnswering: WhileAnswering
  ctxOf: (label: string) => Ctx
}

const maxBytes = 128 * 1024
const maxWaitS = 55

const Wait = z.object({ wait: z.coerce.number().min(0).max(maxWaitS).catch(0) })

/** A plane asks for secrets to try. It waits for some, and holds no connection to the database meanwhile. */
export async function checkOrders({ db, issuer, orders, whileAnswering }: CheckParts, exchange: Exchange): Promise<Answer> {
  const plane = await whileAnswering(() => planeOf(db, issuer, exchange))
  const { wait } = Wait.parse(Object.fromEntries(exchange.url.searchParams))
  const signal = AbortSignal.any([exchange.signal, AbortSignal.timeout(wait * 1000)])
  return json(200, { checks: await orders.ordersOf(plane.id, signal) })
}

/** What a plane says of a secret that it was asked to try. An order that is over is no fault. */
export async function answerOrder({ db, issuer }: CheckParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxBytes)
  const verdict = storableVerdict(bodyAs(SecretVerdict, body))
  if (!Id.safeParse(exchange.rest).success) throw new Refusal(404, 'not_found', 'There is no such order.')
  await db
    .updateTable('secret_check_orders')
    .set({ verdict: JSON.stringify(verdict) })
    .where('id', '=', exchange.rest)
    .where('plane', '=', plane.id)
    .where('verdict', 'is', null)
    .execute()
  return { status: 204 }
}

/** A plane tried a secret after the service had refused it in a call. */
export async function receiveVerdict({ db, issuer, ctxOf }: CheckParts, exchange: Exchange): Promise<Answer> {
  const { plane, body } = await planeAndBody(db, issuer, exchange, maxBytes)
  const report = bodyAs(SecretVerdictReport, body)
  await takeReport(ctxOf(`plane:${plane.name}`), { ...report, verdict: storableVerdict(report.verdict) })
  return { status: 204 }
}

function bodyAs<T extends z.ZodType>(schema: T, body: Buffer): z.output<T> {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw new Refusal(400, 'invalid_request', 'The body is not JSON.')
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Refusal(400, 'invalid_request', schemaFaults(result.error))
}
