type Listener = (cause: Error) => void

const noop = () => undefined

/**
 * Tells the code that works on a call that the call is cancelled. An AbortSignal is made only on demand: most calls
 * need none.
 */
export class Cancel {
  private controller: AbortController | undefined
  private cause: Error | undefined
  /** A call has few listeners, and they do not stay long: the place of a removed one is used again. */
  private readonly listeners: (Listener | undefined)[] = []

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.cause) this.controller.abort(this.cause)
    return this.controller.signal
  }

  /** Somebody would be told of a cancellation. */
  get isWatched(): boolean {
    return this.listeners.some((listener) => listener !== undefined)
  }

  get cancelled(): boolean {
    return this.cause !== undefined
  }

  /**
   * Calls the listener once; immediately if the call is cancelled already. The returned function removes it. Cheaper
   * than a signal.
   */
  subscribe(listener: Listener): () => void {
    if (this.cause) {
      listener(this.cause)
      return noop
    }
    const freeIndex = this.listeners.indexOf(undefined)
    const index = freeIndex === -1 ? this.listeners.length : freeIndex
    this.listeners[index] = listener
    return () => {
      if (this.listeners[index] === listener) this.listeners[index] = undefined
    }
  }

  abort(cause: Error): void {
    if (this.cause) return
    this.cause = cause
    for (const listener of this.listeners.splice(0)) listener?.(cause)
    this.controller?.abort(cause)
  }
}
