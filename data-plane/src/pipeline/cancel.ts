/** Carries a client's wish to stop to whoever does the work. A signal is made only when somebody asks for one: most calls never do. */
export class Cancel {
  private controller: AbortController | undefined
  private cause: Error | undefined
  private told: Set<(cause: Error) => void> | undefined

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.cause) this.controller.abort(this.cause)
    return this.controller.signal
  }

  get cancelled(): boolean {
    return this.cause !== undefined
  }

  /** Tells once, at once when it has happened already; the function given back takes it back. Cheaper than a signal. */
  subscribe(tell: (cause: Error) => void): () => void {
    if (this.cause) tell(this.cause)
    this.told ??= new Set()
    this.told.add(tell)
    return () => void this.told?.delete(tell)
  }

  abort(cause: Error): void {
    if (this.cause) return
    this.cause = cause
    for (const tell of this.told ?? []) tell(cause)
    this.controller?.abort(cause)
  }
}
