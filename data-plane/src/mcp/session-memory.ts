import type { ListenFilter } from '../upstream/upstream.ts'
import { createdAtMs, lifeMs } from './session.ts'

/** What a legacy session may change while it lives. It cannot be sealed into the session id, so it lies at the session's home. */
export interface SessionState {
  logLevel: string | undefined
  readonly subscriptions: Set<string>
  /** The session's open stream, where there is one. */
  stream: OpenStream | undefined
  usedAtMs: number
}

interface OpenStream {
  /** What it should tell of has changed; says what of it the servers honour, undefined where that is not known. */
  follow(): Promise<ListenFilter | undefined>
  close(): void
}

interface Limits {
  readonly most: number
  readonly mostEnded: number
}

/** What was ended is remembered for as long as its id would open: 200,000 take some 20 MB. */
const usual: Limits = { most: 50_000, mostEnded: 200_000 }

/** Legacy sessions as this plane knows them: what they changed, and that they are over. */
export class SessionMemory {
  private readonly limits: Limits
  private readonly states = new Map<string, SessionState>()
  /** When each id stops opening by itself. */
  private readonly ended = new Map<string, number>()

  constructor(limits: Limits = usual) {
    this.limits = limits
  }

  /** Undefined where the session never changed anything: most never do. */
  get(id: string): SessionState | undefined {
    const state = this.states.get(id)
    if (state) state.usedAtMs = Date.now()
    return state
  }

  of(id: string): SessionState {
    const known = this.get(id)
    if (known) return known
    const state = { logLevel: undefined, subscriptions: new Set<string>(), stream: undefined, usedAtMs: Date.now() }
    if (this.states.size >= this.limits.most) this.makeRoom()
    this.states.set(id, state)
    return state
  }

  isEnded(id: string): boolean {
    return this.ended.size > 0 && this.ended.has(id)
  }

  /** From here on its id opens nothing at this plane. */
  end(id: string): void {
    const state = this.states.get(id)
    this.states.delete(id)
    if (this.ended.size >= this.limits.mostEnded) this.forgetEnded()
    this.ended.set(id, createdAtMs(id) + lifeMs)
    state?.stream?.close()
  }

  /** Those that expired go; else the one that was used longest ago, of those without a stream, is over, so that its client learns that nothing is remembered of it. */
  private makeRoom(): void {
    const nowMs = Date.now()
    for (const [id, { stream }] of this.states) if (createdAtMs(id) + lifeMs <= nowMs && !stream) this.states.delete(id)
    if (this.states.size < this.limits.most) return
    const idle = [...this.states].filter(([, { stream }]) => !stream)
    const candidates = idle.length > 0 ? idle : [...this.states]
    this.end(candidates.reduce((first, each) => (each[1].usedAtMs < first[1].usedAtMs ? each : first))[0])
  }

  private forgetEnded(): void {
    const nowMs = Date.now()
    for (const [id, untilMs] of this.ended) if (untilMs <= nowMs) this.ended.delete(id)
    if (this.ended.size >= this.limits.mostEnded) this.ended.delete(this.ended.keys().next().value ?? '')
  }
}
