import { FlowClient } from '../../testing/oauth/flow-client.ts'
import { doCodeFlows } from './code-flows.ts'
import { laneCount } from './lanes.ts'
import { countAlive, countSplit, noFaults } from './laws.ts'
import type { Faults } from './laws.ts'
import { doRefreshes } from './refreshes.ts'
import { startReplicas } from './replicas.ts'
import { signedIn } from './sign-ins.ts'

export interface Amounts {
  /** Full code flows. Of every tenth the code is redeemed twice at once. */
  flows: number
  /** Refreshes over all sessions, each by two or three requests at once. */
  refreshes: number
}

export interface FlowsResult {
  faults: Faults
  flowsPerS: number
  refreshesPerS: number
  /** Requests for a refresh, with those that raced. */
  requests: number
  refreshMs: number[]
  sessions: number
  /** Codes that came twice. */
  stolenCodes: number
  /** Old refresh tokens that came again. */
  replays: number
  /** Flows that a kill has cut at their last step. */
  cutFlows: number
}

/** Code flows and refreshes against two replicas, each of which is killed once in their midst and started again. */
export async function runFlows({ flows, refreshes }: Amounts): Promise<FlowsResult> {
  await using replicas = await startReplicas(2)
  const client = await FlowClient.at(replicas.issuer)
  const faults = noFaults()
  const passwords = Object.entries(replicas.passwords)
  const people = await Promise.all(
    Array.from({ length: laneCount }, (_, lane) => {
      const [handle = '', password = ''] = passwords[lane % passwords.length] ?? []
      return signedIn(client, { handle, password })
    }),
  )

  let beganMs = performance.now()
  const { sessions, stolen, cut } = await doCodeFlows(flows, { replicas, client, people, faults })
  const flowsPerS = flows / ((performance.now() - beganMs) / 1000)
  beganMs = performance.now()
  const { tookMs, requests, replays } = await doRefreshes(refreshes, { replicas, client, sessions, faults })
  const refreshesPerS = tookMs.length / ((performance.now() - beganMs) / 1000)

  const live = sessions.filter(({ hasEnded }) => !hasEnded)
  const sidsOf = (some: readonly { sid: string }[]) => some.map(({ sid }) => sid)
  faults.sessionsLost += live.length - (await countAlive(replicas.db, sidsOf(live)))
  faults.codesNotRevoked = await countAlive(replicas.db, stolen)
  faults.replaysNotRevoked += await countAlive(replicas.db, sidsOf(sessions.filter(({ hasEnded }) => hasEnded)))
  faults.familiesSplit = await countSplit(replicas.db, live)
  const counts = { sessions: sessions.length, stolenCodes: stolen.length, replays, cutFlows: cut, requests }
  return { faults, flowsPerS, refreshesPerS, refreshMs: tookMs, ...counts }
}
