import { setTimeout as delay } from 'node:timers/promises'

/** A part that runs until it is stopped or ends by itself. */
export interface Running {
  stop(): Promise<void>
  /** Resolves with its last output when it has ended, for whatever reason. */
  ended: Promise<string>
}

/** Is told what happens to a part. */
export interface Observer {
  /** It ended by itself and will be started again. */
  died(name: string, lastWords: string): void
  /** It runs again. */
  back(name: string): void
  /** It ended five times within a minute, and is not started again. */
  gaveUp(name: string, lastWords: string): void
}

const retryMs = [100, 300, 1_000, 2_000, 4_000]
const giveUp = { deaths: 5, withinMs: 60_000 }

/**
 * Keeps a part running. When it ends by itself it is started
 * again, after a longer pause each time, until it ends too often.
 */
export class Supervised<T extends Running> {
  readonly name: string
  private readonly startOnce: (stop: AbortSignal) => Promise<T>
  private readonly observer: Observer
  private readonly stopped = new AbortController()
  private starting: Promise<T> | undefined
  private running: T | undefined
  private deathsMs: number[] = []

  constructor(name: string, start: (stop: AbortSignal) => Promise<T>, observer: Observer) {
    this.name = name
    this.startOnce = start
    this.observer = observer
  }

  /** The first start. When it fails, it rejects and is not repeated. */
  async start(): Promise<T> {
    const running = await this.begin()
    void this.watch(running)
    return running
  }

  async stop(): Promise<void> {
    this.stopped.abort()
    await this.starting?.catch(() => {}) // The caller of start() gets the error.
    await this.running?.stop()
  }

  private async begin(): Promise<T> {
    this.starting = this.startOnce(this.stopped.signal)
    this.running = await this.starting
    return this.running
  }

  private async watch(running: T): Promise<void> {
    let current: T | undefined = running
    while (current) {
      const lastWords: string = await current.ended
      if (this.stopped.signal.aborted) return
      this.running = undefined
      current = await this.restart(lastWords)
    }
  }

  /** Resolves with the new part. Undefined when the supervisor gives up or was stopped. */
  private async restart(lastWords: string): Promise<T | undefined> {
    let words = lastWords
    while (!this.stopped.signal.aborted) {
      this.deathsMs = [...this.deathsMs.filter((deathMs) => deathMs > Date.now() - giveUp.withinMs), Date.now()]
      if (this.deathsMs.length >= giveUp.deaths) {
        this.observer.gaveUp(this.name, words)
        return undefined
      }
      this.observer.died(this.name, words)
      await delay(retryMs[this.deathsMs.length - 1] ?? 4_000, undefined, { signal: this.stopped.signal }).catch(() => {})
      if (this.stopped.signal.aborted) return undefined
      try {
        const running = await this.begin()
        this.observer.back(this.name)
        return running
      } catch (error) {
        words = error instanceof Error ? error.message : String(error)
      }
    }
    return undefined
  }
}
