import { EndedSessions } from './ended-sessions.ts'
import { createdAtMs } from './session.ts'
import type { Session } from './session.ts'
import type { ListenFilter } from '../protocol/notification.ts'

/** What a legacy session may change while it lives. It cannot be sealed into the session id, so it lies at the session's home. */
export interface SessionState {
  logLevel: string | undefined
  readonly subscriptions: Set<string>
  /** The session's open stream, where there is one. */
  stream: OpenStream | undefined
  /** What the person saw when the stream before ended, by what tells of its change. */
  seen: SeenLists | undefined
}

export type SeenLists = ReadonlyMap<string, string>

interface OpenStream {
  /** What it should tell of has changed; says what of it the servers honour, undefined where that is not known. */
  follow(): Promise<ListenFilter | undefined>
  close(): void
}

/** Whose a session is, and at which server; undefined for `/mcp`. */
export interface Holder {
  readonly person: string
  readonly server: string | undefined
}

interface RememberedSession {
  holder: Holder | undefined
  usedAtMs: number
  /** When it took its place in the order of use. */
  placedAtMs: number
  state: SessionState | undefined
}

interface Options {
  /** This plane. */
  node: string
  ended?: EndedSessions
  max?: number
  startedAtMs?: number
}

/** Some 20 MB. */
const defaultMax = 100_000
/** What other planes serve of a session, and its home has not heard of yet, is not held against it. */
const lateMs = 15_000
/** The order of use is kept as exactly as this: moving an entry at each use would cost more than it is worth. */
const orderedWithinMs = 60_000
const maxReported = 10_000

/** Legacy sessions as this plane knows them: when they were used last and what they changed, where it is their home, and that they are over. */
export class SessionMemory {
  readonly ended: EndedSessions
  private readonly node: string
  private readonly max: number
  private readonly startedAtMs: number
  /** The first is the one longest unused. */
  private readonly known = new Map<string, RememberedSession>()
  /** How many calls and streams each has open here. */
  private readonly held = new Map<string, number>()
  /** Sessions served here that have another home, by that: it has to be told. */
  private readonly guests = new Map<string, Set<string>>()

  constructor({ node, ended = new EndedSessions(), max = defaultMax, startedAtMs = Date.now() }: Options) {
    this.node = node
    this.ended = ended
    this.max = max
    this.startedAtMs = startedAtMs
  }

  /** How many are remembered: none means that there is nothing to look after. */
  get size(): number {
    return this.known.size
  }

  /** Undefined where the session never changed anything: most never do. */
  get(id: string): SessionState | undefined {
    return this.known.get(id)?.state
  }

  of(id: string): SessionState {
    const known = this.known.get(id) ?? this.add(id, undefined, Date.now())
    known.state ??= { logLevel: undefined, subscriptions: new Set<string>(), stream: undefined, seen: undefined }
    return known.state
  }

  isEnded(id: string): boolean {
    return this.ended.has(id)
  }

  /** From here on its id opens nothing at this plane. Gives back whose it was, where that is known here. */
  end(id: string): Holder | undefined {
    const known = this.known.get(id)
    this.known.delete(id)
    this.ended.add(id)
    known?.state?.stream?.close()
    return known?.holder
  }

  /** A request of the session is served here. */
  use({ id, home }: Pick<Session, 'id' | 'home'>, holder: Holder | undefined, nowMs: number): void {
    if (home !== this.node) return this.host(home, id)
    const known = this.known.get(id)
    if (!known) return void this.add(id, holder, nowMs)
    if (nowMs - known.placedAtMs > orderedWithinMs) {
      known.placedAtMs = nowMs
      this.known.delete(id)
      this.known.set(id, known)
    }
    known.usedAtMs = nowMs
    known.holder ??= holder
  }

  /** Until the function given back is called the session is in use. */
  hold(session: Pick<Session, 'id' | 'home'>): () => void {
    const { id } = session
    this.held.set(id, (this.held.get(id) ?? 0) + 1)
    return () => {
      const left = (this.held.get(id) ?? 1) - 1
      if (left > 0) this.held.set(id, left)
      else this.held.delete(id)
      if (!this.isEnded(id)) this.use(session, undefined, Date.now())
    }
  }

  /** Of a session whose home this is. What was not used since this plane started may have been used just before. */
  isIdle(id: string, idleMs: number, nowMs: number): boolean {
    const usedAtMs = this.known.get(id)?.usedAtMs ?? Math.max(createdAtMs(id), this.startedAtMs)
    return nowMs - usedAtMs > idleMs + lateMs && !this.held.has(id)
  }

  idle(idleMs: number, nowMs: number): string[] {
    const found: string[] = []
    for (const [id, { placedAtMs }] of this.known) {
      if (placedAtMs > nowMs - idleMs) break // this one was used since, and so were all that come after it
      if (this.isIdle(id, idleMs, nowMs)) found.push(id)
    }
    return found
  }

  /** Sessions of that home which were used here, and it was not told. */
  guestsOf(home: string): string[] {
    return [...(this.guests.get(home) ?? [])].slice(0, maxReported)
  }

  /** It knows. What goes on is told again. */
  markReported(home: string, ids: readonly string[]): void {
    const guests = this.guests.get(home)
    for (const id of ids) if (!this.held.has(id)) guests?.delete(id)
    if (guests?.size === 0) this.guests.delete(home)
  }

  /** Homes that are gone, and those that cannot be reached, need not be told. */
  keepGuestsOf(homes: readonly string[]): void {
    for (const home of this.guests.keys()) if (!homes.includes(home)) this.guests.delete(home)
  }

  private host(home: string, id: string): void {
    const guests = this.guests.get(home) ?? new Set()
    this.guests.set(home, guests)
    if (guests.size < this.max) guests.add(id)
  }

  private add(id: string, holder: Holder | undefined, nowMs: number): RememberedSession {
    if (this.known.size >= this.max) this.makeRoom()
    const known: RememberedSession = { holder, usedAtMs: nowMs, placedAtMs: nowMs, state: undefined }
    this.known.set(id, known)
    return known
  }

  /** The one unused longest, of those with nothing open, is over: its client learns that nothing is remembered of it. */
  private makeRoom(): void {
    let first: string | undefined
    for (const id of this.known.keys()) {
      first ??= id
      if (!this.held.has(id)) return void this.end(id)
    }
    if (first !== undefined) this.end(first)
  }
}
