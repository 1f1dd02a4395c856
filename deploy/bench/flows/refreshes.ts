import type { FlowClient, TokenAnswer } from '../../testing/oauth/flow-client.ts'
import { isInternal } from './code-flows.ts'
import { inLanes, laneCount } from './lanes.ts'
import type { Faults, Session } from './laws.ts'
import type { Replicas } from './replicas.ts'
import { persistently } from './sign-ins.ts'

/** A token of every tenth session is replayed once, when the session has been refreshed so often. */
const replayEach = 10
const replayAfter = 3

export interface Refreshes {
  /** How long one refresh took, until all who raced for it had their answer. */
  tookMs: number[]
  requests: number
  replays: number
}

interface Parts {
  replicas: Replicas
  client: FlowClient
  sessions: readonly Session[]
  faults: Faults
}

/** Refreshes in turn over all sessions. Each is sent by two or three requests at once, which go to both replicas. */
export async function doRefreshes(count: number, { replicas, client, sessions, faults }: Parts): Promise<Refreshes> {
  const result: Refreshes = { tookMs: [], requests: 0, replays: 0 }
  const ask = (token: string) => {
    result.requests += 1
    return persistently(() => client.refresh(token))
  }
  const eachLane = Math.ceil(sessions.length / laneCount)

  async function refresh(session: Session, times: number): Promise<void> {
    const beganMs = performance.now()
    const answers = await Promise.all(Array.from({ length: times }, () => ask(session.refreshToken)))
    result.tookMs.push(performance.now() - beganMs)
    // Who has lost the answer asks again, and gets the same.
    if (session.replaced.length % 4 === 1) answers.push(await ask(session.refreshToken))
    take(session, answers, faults)
  }

  await inLanes(count, { replicas, killed: 0 }, async (index, lane) => {
    // The sessions of a lane are its own: what races is only what is meant to.
    const own = sessions.slice(lane * eachLane, (lane + 1) * eachLane).filter(({ hasEnded }) => !hasEnded)
    const session = own[Math.floor(index / laneCount) % own.length]
    if (!session) throw new Error('no session is left')
    if (session.replaced.length === replayAfter && sessions.indexOf(session) % replayEach === 0) {
      result.replays += 1
      return replay(session, ask, faults)
    }
    await refresh(session, index % 4 === 0 ? 3 : 2)
  })
  // What the clients hold at the end is good.
  for (const session of sessions.filter(({ hasEnded }) => !hasEnded)) await refresh(session, 2)
  return result
}

function take(session: Session, answers: readonly TokenAnswer[], faults: Faults): void {
  faults.internalErrors += answers.filter(isInternal).length
  const [body, ...others] = new Set(answers.map(({ body }) => body))
  const next = answers.find(({ tokens }) => tokens)?.tokens?.refresh_token
  if (others.length > 0 || body === undefined || next === undefined) faults.racesWithoutOneWinner += 1
  if (next === undefined) {
    faults.sessionsLost += 1
    session.hasEnded = true
    return
  }
  session.replaced.push(session.refreshToken)
  session.refreshToken = next
}

/**
 * A thief uses an old token at the moment when the client refreshes. The client may still get an answer; whether the
 * session has ended then is counted in the tables.
 */
async function replay(session: Session, ask: (token: string) => Promise<TokenAnswer>, faults: Faults): Promise<void> {
  const [oldest = ''] = session.replaced
  const [thief, client] = await Promise.all([ask(oldest), ask(session.refreshToken)])
  faults.internalErrors += [thief, client].filter(isInternal).length
  if (thief.tokens) faults.replaysAnswered += 1
  session.hasEnded = true
}
