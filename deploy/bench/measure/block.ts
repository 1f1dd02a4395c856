import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from './child.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { cpuUsOf } from './machine.ts'

const settleStepMs = 100
const maxSettleMs = 60_000

/** A process to send calls to. */
export interface Target {
  pid: number
  order: Omit<LoadOrder, 'connections' | 'durationMs'>
  /** The number of its audit records that the control plane has stored. */
  shipped(): Promise<number>
  /** The CPU time in µs that other processes have used for its calls so far. */
  elsewhereUs?: () => number
  /** Suspends other processes while it answers. They do their work for it afterwards. */
  suspendOthers?: () => Disposable
}

/** The result of one block: many calls, one after the other on each connection. */
export interface Block extends LoadResult {
  /** The CPU time per call until its audit record is shipped. */
  cpuUsPerCall: number
  /** The CPU time per call until the last answer. */
  answerUsPerCall: number
  /** The CPU time per call of other processes, which store the records. */
  elsewhereUsPerCall: number
}

/** `shipped` of a target that keeps no audit records. */
export const unrecorded = (): Promise<number> => Promise.resolve(Infinity)

/** Keeps so many connections busy for so long. Returns the figures and the cost for the process that answers. */
export async function runBlock(load: Child, target: Target, connections: number, durationMs: number): Promise<Block> {
  const { pid, order, shipped, elsewhereUs = () => 0 } = target
  const shippedBefore = await shipped()
  const beforeUs = cpuUsOf(pid)
  const elsewhereBeforeUs = elsewhereUs()
  const result = await sendLoad(load, target, { ...order, connections, durationMs })
  if (result.wrong > 0) throw new Error(`${result.wrong} of ${result.calls} calls were not answered as they should`)
  const answeredUs = cpuUsOf(pid)
  await waitUntilShipped(target, shippedBefore + result.calls)
  const settledUs = cpuUsOf(pid)
  return {
    ...result,
    cpuUsPerCall: (settledUs - beforeUs) / result.calls,
    answerUsPerCall: (answeredUs - beforeUs) / result.calls,
    elsewhereUsPerCall: (elsewhereUs() - elsewhereBeforeUs) / result.calls,
  }
}

async function sendLoad(load: Child, { suspendOthers }: Target, order: LoadOrder): Promise<LoadResult> {
  using _suspended = suspendOthers?.()
  return await load.receive<LoadResult>(order)
}

/** Waits until the control plane has a record of every call, so that the next block does not pay for this one. */
async function waitUntilShipped({ shipped }: Target, count: number): Promise<void> {
  for (const endMs = performance.now() + maxSettleMs; performance.now() < endMs; await wait(settleStepMs)) {
    if ((await shipped()) >= count) return
  }
  throw new Error(`the audit was not shipped ${maxSettleMs / 1000} s after the last answer`)
}
