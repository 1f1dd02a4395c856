import { EndedSessions } from './ended-sessions.ts'
import { createdAtMs } from './session.ts'
import type { Session } from './session.ts'
import type { ListenFilter } from '../protocol/notification.ts'

/** The changing part of a legacy session. It cannot be sealed into the session id, so the session's home holds it. */
export interface SessionState {
  logLevel: string | undefined
  readonly subscriptions: Set<string>
  /** The session's open GET stream. */
  stream: OpenStream | undefined
  /** The lists as the person saw them when the last stream ended, by the notification that reports their change. */
  seen: SeenLists | undefined
}

export type SeenLists = ReadonlyMap<string, string>

interface OpenStream {
  /** Called when subscriptions changed. Resolves with the ones that the servers honour; undefined when unknown. */
  follow(): Promise<ListenFilter | undefined>
  close(): void
}

/** The person whose session it is, and its server. */
export interface Holder {
  readonly person: string
  /** Undefined for `/mcp`. */
  readonly server: string | undefined
}

interface RememberedSession {
  holder: Holder | undefined
  usedAtMs: number
  /** When it was last moved to the end of the order of use. */
  movedAtMs: number
  state: SessionState | undefined
}

interface Options {
  /** The id of this plane. */
  node: string
  ended?: EndedSessions
  max?: number
  startedAtMs?: number
}

/** About 20 MB. */
const defaultMax = 100_000
/** Allowance for use at other planes that the session's home has not heard of yet. */
const reportDelayMs = 15_000
/** The precision of the order of use. To move an entry at each use would cost too much. */
const orderPrecisionMs = 60_000
const maxReported = 10_000

/**
 * The legacy sessions that this plane knows: their last use and their state, when this plane is their home; which have
 * ended. It has no `lru-cache`: an eviction ends a session, and must pass over sessions that are in use.
 */
export class SessionMemory {
  readonly ended: EndedSessions
  private readonly node: string
  private readonly max: number
  private readonly startedAtMs: number
  /** In the order of use: the first was unused for the longest time. */
  private readonly sessions = new Map<string, RememberedSession>()
  /** The number of calls and streams that a session has open here. */
  private readonly openCounts = new Map<string, number>()
  /** Sessions that were used here and have another home, by home. Their use must be reported to it. */
  private readonly guests = new Map<string, Set<string>>()

  constructor({ node, ended = new EndedSessions(), max = defaultMax, startedAtMs = Date.now() }: Options) {
    this.node = node
    this.ended = ended
    this.max = max
    this.startedAtMs = startedAtMs
  }

  /** The number of sessions with their home here that are remembered. */
  get size(): number {
    return this.sessions.size
  }

  /** The state of a session; undefined when it never changed anything, as most never do. */
  get(id: string): SessionState | undefined {
    return this.sessions.get(id)?.state
  }

  /** The state of a session, created when there is none. */
  of(id: string): SessionState {
    const session = this.sessions.get(id) ?? this.add(id, undefined, Date.now())
    session.state ??= { logLevel: undefined, subscriptions: new Set<string>(), stream: undefined, seen: undefined }
    return session.state
  }

  isEnded(id: string): boolean {
    return this.ended.has(id)
  }

  /** Ends a session: from now on this plane refuses its id. Returns its holder when this plane knows it. */
  end(id: string): Holder | undefined {
    const session = this.sessions.get(id)
    this.sessions.delete(id)
    this.ended.add(id)
    session?.state?.stream?.close()
    return session?.holder
  }

  /** Records that a request of the session is served here. */
  use({ id, home }: Pick<Session, 'id' | 'home'>, holder: Holder | undefined, nowMs: number): void {
    if (home !== this.node) return this.addGuest(home, id)
    const session = this.sessions.get(id)
    if (!session) return void this.add(id, holder, nowMs)
    if (nowMs - session.movedAtMs > orderPrecisionMs) {
      session.movedAtMs = nowMs
      this.sessions.delete(id)
      this.sessions.set(id, session)
    }
    session.usedAtMs = nowMs
    session.holder ??= holder
  }

  /** Marks a session as in use, until the returned function is called. */
  hold(session: Pick<Session, 'id' | 'home'>): () => void {
    const { id } = session
    this.openCounts.set(id, (this.openCounts.get(id) ?? 0) + 1)
    return () => {
      const openCount = (this.openCounts.get(id) ?? 1) - 1
      if (openCount > 0) this.openCounts.set(id, openCount)
      else this.openCounts.delete(id)
      if (!this.isEnded(id)) this.use(session, undefined, Date.now())
    }
  }

  /**
   * Whether a session with its home here is idle. A session without a known use counts from the start of this plane,
   * because it may have been used just before.
   */
  isIdle(id: string, idleMs: number, nowMs: number): boolean {
    const usedAtMs = this.sessions.get(id)?.usedAtMs ?? Math.max(createdAtMs(id), this.startedAtMs)
    return nowMs - usedAtMs > idleMs + reportDelayMs && !this.openCounts.has(id)
  }

  /** The ids of all idle sessions. */
  idle(idleMs: number, nowMs: number): string[] {
    const ids: string[] = []
    for (const [id, { movedAtMs }] of this.sessions) {
      if (movedAtMs > nowMs - idleMs) break // this session and all that follow were used since
      if (this.isIdle(id, idleMs, nowMs)) ids.push(id)
    }
    return ids
  }

  /** Sessions of this home that were used here, and whose use was not reported to it yet. */
  guestsOf(home: string): string[] {
    return [...(this.guests.get(home) ?? [])].slice(0, maxReported)
  }

  /** Their use was reported to their home. Sessions in use are reported again. */
  markReported(home: string, ids: readonly string[]): void {
    const guests = this.guests.get(home)
    for (const id of ids) if (!this.openCounts.has(id)) guests?.delete(id)
    if (guests?.size === 0) this.guests.delete(home)
  }

  /** Forgets the guests of all other homes: those homes are gone or cannot be reached. */
  keepGuestsOf(homes: readonly string[]): void {
    for (const home of this.guests.keys()) if (!homes.includes(home)) this.guests.delete(home)
  }

  private addGuest(home: string, id: string): void {
    const guests = this.guests.get(home) ?? new Set()
    this.guests.set(home, guests)
    if (guests.size < this.max) guests.add(id)
  }

  private add(id: string, holder: Holder | undefined, nowMs: number): RememberedSession {
    if (this.sessions.size >= this.max) this.makeRoom()
    const session: RememberedSession = { holder, usedAtMs: nowMs, movedAtMs: nowMs, state: undefined }
    this.sessions.set(id, session)
    return session
  }

  /** Ends the session that was unused for the longest time, if possible one that has nothing open. */
  private makeRoom(): void {
    let oldest: string | undefined
    for (const id of this.sessions.keys()) {
      oldest ??= id
      if (!this.openCounts.has(id)) return void this.end(id)
    }
    if (oldest !== undefined) this.end(oldest)
  }
}
