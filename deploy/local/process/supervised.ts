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
  readonly #start: (stop: AbortSignal) => Promise<T>
  readonly #observer: Observer
  readonly #stop = new AbortController()
  #starting: Promise<T> | undefined
  #running: T | undefined
  #deathsMs: number[] = []

  constructor(name: string, start: (stop: AbortSignal) => Promise<T>, observer: Observer) {
    this.name = name
    this.#start = start
    this.#observer = observer
  }

  /** The first start: what goes wrong here is not repeated but told. */
  async start(): Promise<T> {
    const running = await this.#begin()
    void this.#watch(running)
    return running
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#starting?.catch(() => {}) // whoever asked for the start is told
    await this.#running?.stop()
  }

  async #begin(): Promise<T> {
    this.#starting = this.#start(this.#stop.signal)
    this.#running = await this.#starting
    return this.#running
  }

  async #watch(running: T): Promise<void> {
    let current: T | undefined = running
    while (current) {
      const lastWords: string = await current.ended
      if (this.#stop.signal.aborted) return
      this.#running = undefined
      current = await this.#again(lastWords)
    }
  }

  /** Resolves with the new one, or with nothing when it is given up or no longer wanted. */
  async #again(lastWords: string): Promise<T | undefined> {
    let words = lastWords
    while (!this.#stop.signal.aborted) {
      this.#deathsMs = [...this.#deathsMs.filter((at) => at > Date.now() - patience.withinMs), Date.now()]
      if (this.#deathsMs.length >= patience.deaths) {
        this.#observer.gaveUp(this.name, words)
        return undefined
      }
      this.#observer.died(this.name, words)
      await delay(retryMs[this.#deathsMs.length - 1] ?? 4_000, undefined, { signal: this.#stop.signal }).catch(() => {})
      if (this.#stop.signal.aborted) return undefined
      try {
        const running = await this.#begin()
        this.#observer.back(this.name)
        return running
      } catch (error) {
        words = error instanceof Error ? error.message : String(error)
      }
    }
    return undefined
  }
}
