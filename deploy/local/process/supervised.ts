import { setTimeout as delay } from 'node:timers/promises'

/** Something that runs until it is stopped or dies. */
export interface Running {
  stop(): Promise<void>
  /** Resolves when it has ended, asked or not, with its last words. */
  ended: Promise<string>
}

export interface Observer {
  died(name: string, lastWords: string): void
  back(name: string): void
  /** It died five times within a minute: no use in trying on. */
  gaveUp(name: string, lastWords: string): void
}

const retryMs = [100, 300, 1_000, 2_000, 4_000]
const patience = { deaths: 5, withinMs: 60_000 }

/** Keeps one thing running: started again when it dies, each time a little later, until it dies too often. */
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

  /** The first start: what goes wrong here is not repeated but told. */
  async start(): Promise<T> {
    const running = await this.begin()
    void this.watch(running)
    return running
  }

  async stop(): Promise<void> {
    this.stopped.abort()
    await this.starting?.catch(() => {}) // whoever asked for the start is told
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
      current = await this.again(lastWords)
    }
  }

  /** Resolves with the new one, or with nothing when it is given up or no longer wanted. */
  private async again(lastWords: string): Promise<T | undefined> {
    let words = lastWords
    while (!this.stopped.signal.aborted) {
      this.deathsMs = [...this.deathsMs.filter((at) => at > Date.now() - patience.withinMs), Date.now()]
      if (this.deathsMs.length >= patience.deaths) {
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
