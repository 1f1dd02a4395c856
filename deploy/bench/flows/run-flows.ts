import type { Db } from '@bir/db'
import { FlowClient } from '../../testing/oauth/flow-client.ts'
import { startReplicas } from './replicas.ts'
import type { Replicas } from './replicas.ts'
import { codeOf, persistently, signedIn } from './sign-ins.ts'
import type { SignedIn } from './sign-ins.ts'

export interface Amounts {
  /** Full code flows. Of every tenth the code is redeemed twice at once. */
  flows: number
  /** Refreshes over all sessions. Every third is asked for by three requests at once. */
  refreshes: number
}

/** What must hold. All of it is zero, or the replicas have failed. */
interface Faults {
  /** Codes that gave tokens twice. */
  codesUsedTwice: number
  /** Sessions of codes that came twice and live on. */
  codesNotRevoked: number
  /** Sessions that could not be refreshed, or ended in the database, without a reason. */
  sessionsLost: number
  /** Races for a refresh that had no winner, or more than one. */
  racesWithoutOneWinner: number
  /** Families with more than one refresh token without a successor, or none. */
  familiesSplit: number
  /** Answers that blame the gateway itself. A 502 is the load balancer's, where a replica was killed. */
  internalErrors: number
}

export interface FlowsResult {
  faults: Faults
  flowsPerS: number
  refreshMs: number[]
  kills: number
}

interface Session {
  sid: string
  refreshToken: string
}

const lanes = 8
const raceOf = 3

/** Code flows and refreshes against two replicas, one of which is killed in the midst of each and started again. */
export async function runFlows({ flows, refreshes }: Amounts): Promise<FlowsResult> {
  await using replicas = await startReplicas(2)
  const client = await FlowClient.at(replicas.issuer)
  const faults: Faults = {
    codesUsedTwice: 0,
    codesNotRevoked: 0,
    sessionsLost: 0,
    racesWithoutOneWinner: 0,
    familiesSplit: 0,
    internalErrors: 0,
  }
  const passwords = Object.entries(replicas.passwords)
  const people = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => {
      const [handle = '', password = ''] = passwords[lane % passwords.length] ?? []
      return signedIn(client, { handle, password })
    }),
  )

  const sessions: Session[] = []
  const raced: string[] = []
  const flowsBeganMs = performance.now()
  await inLanes(flows, replicas, people, async (index, person) => {
    const { code, begun } = await codeOf(client, person)
    const isRace = index % 10 === 0
    const answers = isRace
      ? await Promise.all([client.redeem(code, begun), client.redeem(code, begun)])
      : [await client.redeem(code, begun)]
    faults.internalErrors += answers.filter(isInternal).length
    const won = answers.flatMap(({ tokens }) => tokens ?? [])
    if (won.length > 1) faults.codesUsedTwice += 1
    const sids = won.map((tokens) => sidOf(tokens.access_token))
    // Where a replica was killed over one of the two, it may never have seen the code.
    if (isRace && answers.every(({ status }) => status < 500)) raced.push(...sids)
    else if (!isRace && won[0]?.refresh_token) sessions.push({ sid: sids[0] ?? '', refreshToken: won[0].refresh_token })
    else if (!isRace && answers[0]?.status !== 502) faults.sessionsLost += 1
  })
  const flowsPerS = flows / ((performance.now() - flowsBeganMs) / 1000)

  const refreshMs: number[] = []
  const lost = new Set<string>()
  const eachLane = Math.ceil(sessions.length / lanes)
  await inLanes(refreshes, replicas, people, async (index, _person, lane) => {
    // The sessions of a lane are its own: what races is only what is meant to.
    const own = sessions.slice(lane * eachLane, (lane + 1) * eachLane)
    const session = own[Math.floor(index / lanes) % own.length]
    if (!session || lost.has(session.sid)) return
    const beganMs = performance.now()
    const times = index % 3 === 0 ? raceOf : 1
    const answers = await Promise.all(Array.from({ length: times }, () => persistently(() => client.refresh(session.refreshToken))))
    refreshMs.push(performance.now() - beganMs)
    faults.internalErrors += answers.filter(isInternal).length
    const next = new Set(answers.map(({ tokens }) => tokens?.refresh_token))
    const [winner] = next
    if (times > 1 && (next.size !== 1 || winner === undefined)) faults.racesWithoutOneWinner += 1
    if (answers.every(({ tokens }) => tokens === undefined)) lost.add(session.sid)
    session.refreshToken = [...next].find((token) => token !== undefined) ?? session.refreshToken
  })

  faults.sessionsLost += lost.size + (await countEnded(replicas.db, sessions))
  faults.codesNotRevoked =
    raced.length -
    (await countEnded(
      replicas.db,
      raced.map((sid) => ({ sid })),
    ))
  faults.familiesSplit = await countSplit(replicas.db, sessions)
  return { faults, flowsPerS, refreshMs, kills: 2 }
}

/** Does so much work in a few lanes at once. A replica is killed after a third, and is back after two thirds. */
async function inLanes(
  count: number,
  replicas: Replicas,
  people: SignedIn[],
  work: (index: number, person: SignedIn, lane: number) => Promise<void>,
): Promise<void> {
  let done = 0
  let restarting: Promise<void> | undefined
  const lane = async (number: number) => {
    // A browser does one thing at a time, so each lane has one of its own.
    const own = people[number]
    if (!own) throw new Error('nobody is signed in')
    for (let index = number; index < count; index += lanes) {
      await work(index, own, number)
      done += 1
      if (done === Math.floor(count / 3)) await replicas.kill(1)
      if (done === Math.floor((2 * count) / 3)) restarting = replicas.restart(1)
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  await restarting
}

const isInternal = ({ status }: { status: number }) => status >= 500 && status !== 502

function sidOf(accessToken: string): string {
  const payload = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { sid?: string }
  return payload.sid ?? ''
}

async function countEnded(db: Db, sessions: { sid: string }[]): Promise<number> {
  const sids = sessions.map(({ sid }) => sid)
  if (sids.length === 0) return 0
  const rows = await db.selectFrom('sessions').select('sid').where('sid', 'in', sids).where('ended_at', 'is', null).execute()
  return sids.length - rows.length
}

/** A family is whole when exactly one of its tokens has no successor. */
async function countSplit(db: Db, sessions: { sid: string }[]): Promise<number> {
  const sids = sessions.map(({ sid }) => sid)
  const rows = await db
    .selectFrom('refresh_tokens')
    .select(({ fn }) => ['sid', fn.countAll<string>().as('open')])
    .where('sid', 'in', sids)
    .where('replaced_at', 'is', null)
    .groupBy('sid')
    .execute()
  return sids.length - rows.filter(({ open }) => Number(open) === 1).length
}
