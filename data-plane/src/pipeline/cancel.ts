/** Carries a client's wish to stop to whoever does the work. A signal is made only when somebody asks for one: most calls never do. */
export class Cancel {
  private controller: AbortController | undefined
  private cause: Error | undefined
  /** Told once, at once, before any signal. */
  onAbort: ((cause: Error) => void) | undefined

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.cause) this.controller.abort(this.cause)
    return this.controller.signal
  }

  get cancelled(): boolean {
    return this.cause !== undefined
  }

  abort(cause: Error): void {
    if (this.cause) return
    this.cause = cause
    this.onAbort?.(cause)
    this.controller?.abort(cause)
  }
}
