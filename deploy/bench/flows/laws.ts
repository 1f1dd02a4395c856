import type { Db } from '@bir/db'

/** What must hold. All of it is zero, or the replicas have failed. */
export interface Faults {
  /** Codes that gave tokens twice. */
  codesUsedTwice: number
  /** Sessions of codes that came twice, and live on. */
  codesNotRevoked: number
  /** Sessions that gave no token, could not be refreshed, or ended in the database, without a reason. */
  sessionsLost: number
  /** Refreshes that had no winner, or more than one: the answers to all who sent the token are not the same. */
  racesWithoutOneWinner: number
  /** Families of refresh tokens that have not exactly one without a successor, or more tokens than refreshes. */
  familiesSplit: number
  /** Old refresh tokens that gave a token. */
  replaysAnswered: number
  /** Sessions whose old refresh token was replayed, and that live on. */
  replaysNotRevoked: number
  /** Answers that blame the gateway itself. A 502 is the load balancer's, where a replica was killed. */
  internalErrors: number
}

export const noFaults = (): Faults => ({
  codesUsedTwice: 0,
  codesNotRevoked: 0,
  sessionsLost: 0,
  racesWithoutOneWinner: 0,
  familiesSplit: 0,
  replaysAnswered: 0,
  replaysNotRevoked: 0,
  internalErrors: 0,
})

/** How a person reads each of them. */
export const lawNames: Record<keyof Faults, string> = {
  codesUsedTwice: 'code used twice',
  codesNotRevoked: 'session of a code that came twice lives on',
  sessionsLost: 'session lost',
  racesWithoutOneWinner: 'refresh without exactly one winner',
  familiesSplit: 'family of refresh tokens split',
  replaysAnswered: 'old refresh token answered with tokens',
  replaysNotRevoked: 'session whose old refresh token came again lives on',
  internalErrors: 'answer that blames the gateway',
}

/** What a client knows of its session. */
export interface Session {
  sid: string
  refreshToken: string
  /** The tokens that it had before, the oldest first. */
  replaced: string[]
  /** An old token of it was replayed. */
  hasEnded: boolean
}

/** How many of these sessions have not ended. */
export async function countAlive(db: Db, sids: readonly string[]): Promise<number> {
  if (sids.length === 0) return 0
  const rows = await db
    .selectFrom('sessions')
    .select('sid')
    .where('sid', 'in', [...sids])
    .where('ended_at', 'is', null)
    .execute()
  return rows.length
}

/** How many families are not whole: one token without a successor, and one more token than there were refreshes. */
export async function countSplit(db: Db, sessions: readonly Session[]): Promise<number> {
  if (sessions.length === 0) return 0
  const rows = await db
    .selectFrom('refresh_tokens')
    .select(({ fn }) => ['sid', fn.countAll<string>().as('all'), fn.count<string>('replaced_at').as('replaced')])
    .where(
      'sid',
      'in',
      sessions.map(({ sid }) => sid),
    )
    .groupBy('sid')
    .execute()
  const counts = new Map(rows.map((row) => [row.sid, row]))
  return sessions.filter(({ sid, replaced }) => {
    const count = counts.get(sid)
    return Number(count?.replaced) !== replaced.length || Number(count?.all) !== replaced.length + 1
  }).length
}
