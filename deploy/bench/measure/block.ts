import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from './child.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { cpuUsOf } from './machine.ts'

const settleStepMs = 100
const settleLimitMs = 60_000

export interface Target {
  pid: number
  order: Omit<LoadOrder, 'connections' | 'durationMs'>
  /** How many audit records the control plane holds of it. */
  shipped(): Promise<number>
  /** CPU time that others spend on its calls, so far, in µs. */
  elsewhereUs?: () => number
  /** Stops others while it answers; what they have to do for it they do afterwards. */
  alone?: () => Disposable
}

export interface Block extends LoadResult {
  /** All that the calls cost: until the audit they left is shipped, too. */
  cpuUsPerCall: number
  /** Until the last answer. */
  answerUsPerCall: number
  /** What others spent on them meanwhile: storing the records. */
  elsewhereUsPerCall: number
}

/** Who keeps no record has nothing to ship. */
export const unrecorded = (): Promise<number> => Promise.resolve(Infinity)

/** So many calls at once for so long, and what they cost the process that answers. */
export async function block(load: Child, target: Target, connections: number, durationMs: number): Promise<Block> {
  const { pid, order, shipped, elsewhereUs = () => 0 } = target
  const heldBefore = await shipped()
  const beforeUs = cpuUsOf(pid)
  const elsewhereBeforeUs = elsewhereUs()
  const result = await answers(load, target, { ...order, connections, durationMs })
  if (result.wrong > 0) throw new Error(`${result.wrong} of ${result.calls} calls were not answered as they should`)
  const answeredUs = cpuUsOf(pid)
  await settled(target, heldBefore + result.calls)
  const settledUs = cpuUsOf(pid)
  return {
    ...result,
    cpuUsPerCall: (settledUs - beforeUs) / result.calls,
    answerUsPerCall: (answeredUs - beforeUs) / result.calls,
    elsewhereUsPerCall: (elsewhereUs() - elsewhereBeforeUs) / result.calls,
  }
}

async function answers(load: Child, { alone }: Target, order: LoadOrder): Promise<LoadResult> {
  using _others = alone?.()
  return await load.hears<LoadResult>(order)
}

/** What one block leaves to be shipped must not fall to the next: waits until the control plane holds a record of every call. */
async function settled({ shipped }: Target, upTo: number): Promise<void> {
  for (const endMs = performance.now() + settleLimitMs; performance.now() < endMs; await wait(settleStepMs)) {
    if ((await shipped()) >= upTo) return
  }
  throw new Error(`the audit was not shipped ${settleLimitMs / 1000} s after the last answer`)
}
