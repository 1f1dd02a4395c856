/** What a legacy session may change while it lives. It cannot be sealed into the session id, so it lies at the session's home. */
export interface SessionState {
  logLevel: string | undefined
  readonly subscriptions: Set<string>
  ended: boolean
  /** Told when subscriptions change, by the session's open stream. */
  onSubscriptions: (() => void) | undefined
  usedAtMs: number
}

const idleMs = 60 * 60 * 1000
const most = 50_000

export class SessionMemory {
  private readonly states = new Map<string, SessionState>()

  /** Undefined where the session never changed anything: most never do. */
  get(id: string): SessionState | undefined {
    const state = this.states.get(id)
    if (state) state.usedAtMs = Date.now()
    return state
  }

  of(id: string): SessionState {
    const known = this.get(id)
    if (known) return known
    const state = { logLevel: undefined, subscriptions: new Set<string>(), ended: false, onSubscriptions: undefined, usedAtMs: Date.now() }
    if (this.states.size >= most) this.forget()
    this.states.set(id, state)
    return state
  }

  private forget(): void {
    const before = Date.now() - idleMs
    for (const [id, { usedAtMs, onSubscriptions }] of this.states) if (usedAtMs < before && !onSubscriptions) this.states.delete(id)
    if (this.states.size >= most) this.states.delete(this.states.keys().next().value ?? '')
  }
}
