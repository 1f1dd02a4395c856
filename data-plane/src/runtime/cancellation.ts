type Tell = (cause: Error) => void

const nothing = () => undefined

/** Carries a client's wish to stop to whoever does the work. A signal is made only when somebody asks for one: most calls never do. */
export class Cancel {
  private controller: AbortController | undefined
  private cause: Error | undefined
  /** In a call few listen, and not for long: places are used again. */
  private readonly told: (Tell | undefined)[] = []

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.cause) this.controller.abort(this.cause)
    return this.controller.signal
  }

  get cancelled(): boolean {
    return this.cause !== undefined
  }

  /** Tells once, at once when it has happened already; the function given back takes it back. Cheaper than a signal. */
  subscribe(tell: Tell): () => void {
    if (this.cause) {
      tell(this.cause)
      return nothing
    }
    const free = this.told.indexOf(undefined)
    const at = free === -1 ? this.told.length : free
    this.told[at] = tell
    return () => {
      if (this.told[at] === tell) this.told[at] = undefined
    }
  }

  abort(cause: Error): void {
    if (this.cause) return
    this.cause = cause
    for (const tell of this.told.splice(0)) tell?.(cause)
    this.controller?.abort(cause)
  }
}
