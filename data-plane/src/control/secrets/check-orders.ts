import type { JsonWebKey } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CheckOrder, CheckOrders } from '@bir/sdk/contract/secret-messages'
import { openSealed } from '@bir/sdk/seal-box'
import type { Log } from '../../runtime/log.ts'
import { ControlError } from '../client.ts'
import type { ControlClient } from '../client.ts'
import { proveHere } from './prove-here.ts'
import type { ProvingParts } from './prove-here.ts'

const waitS = 25
const maxAtOnce = 2
/** `idleMs`: after an answer with nothing new in it. A control plane that has nothing waits before it says so. */
const pauses = { idleMs: 500, afterFaultMs: 5_000, unknownMs: 10 * 60_000 }

interface Options extends ProvingParts {
  control: Pick<ControlClient, 'get' | 'post'>
  sealingKey: JsonWebKey
  log: Log
  readonly pauses?: typeof pauses
}

/**
 * Tries secrets for the control plane, which cannot reach their services itself, until `signal` is aborted. Their
 * values are in memory for so long as they are being tried. A control plane of an earlier version has no orders: it is
 * asked again after a long while.
 */
export async function followCheckOrders(options: Options, signal: AbortSignal): Promise<void> {
  const { control, log, pauses: { idleMs, afterFaultMs, unknownMs } = pauses } = options
  const underWay = new Map<string, Promise<void>>()
  const begin = async ({ id, box }: CheckOrders['checks'][number]) => {
    while (underWay.size >= maxAtOnce) await Promise.race(underWay.values())
    const done = carryOut(options, id, box, signal).finally(() => underWay.delete(id))
    underWay.set(id, done)
  }
  while (!signal.aborted) {
    try {
      const { bytes } = await control.get(`/secrets/checks?wait=${waitS}`, signal)
      const { checks } = CheckOrders.parse(JSON.parse(bytes.toString('utf8')))
      const fresh = checks.filter(({ id }) => !underWay.has(id))
      if (fresh.length === 0) await pause(idleMs, signal)
      for (const order of fresh) await begin(order)
    } catch (error) {
      const isUnknown = error instanceof ControlError && error.status === 404
      if (!signal.aborted && !isUnknown) log('warn', 'no orders to try secrets from the control plane', { why: String(error) })
      await pause(isUnknown ? unknownMs : afterFaultMs, signal)
    }
  }
}

const pause = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal, ref: false }).catch(() => undefined)

/** Never rejects. An order that is not for this plane is left to others. */
async function carryOut({ control, sealingKey, log, ...parts }: Options, id: string, box: string, signal: AbortSignal): Promise<void> {
  const order = orderIn(sealingKey, box)
  if (order?.id !== id) return log('warn', 'an order to try a secret that this plane cannot open', { id })
  const verdict = await proveHere(parts, order, signal)
  if (signal.aborted) return
  await control.post(`/secrets/checks/${encodeURIComponent(id)}`, JSON.stringify(verdict), undefined, signal).catch((error: unknown) => {
    if (!signal.aborted) log('warn', 'the control plane could not be told of a secret that it had tried', { id, why: String(error) })
  })
}

function orderIn(sealingKey: JsonWebKey, box: string): CheckOrder | undefined {
  try {
    return CheckOrder.parse(JSON.parse(openSealed(sealingKey, box).toString('utf8')))
  } catch {
    return undefined
  }
}
