import { setTimeout as delay } from 'node:timers/promises'

/** A part that runs until it is stopped or ends by itself. */
export interface Running {
  stop(): Promise<void>
  /** Resolves with its last output when it has ended, for whatever reason. */
  ended: Promise<string>
}

/** Why a part is down, and what happens next. */
export interface Death {
  /** Its last output, or why it did not start. */
  lastWords: string
  /** How often it has died or failed to start since it last ran for a minute. */
  deaths: number
  /** The next start is tried after this pause. */
  retryMs: number
}

/** Is told what happens to a part. */
export interface Observer {
  /** It ended by itself, or could not be started again. It is tried again, for ever. */
  died(name: string, death: Death): void
  /** It runs again. */
  back(name: string): void
  /** It was started again, and has run for a minute since. */
  steady(name: string): void
}

/** Resolves after `ms`, or when the signal aborts. Never rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

const systemPause: Pause = (ms, signal) => delay(ms, undefined, { signal }).catch(() => {})

const firstRetryMs = 100
const maxRetryMs = 30_000
/** A part that has run this long is healthy: after its next death the pauses begin small again. */
const healthyMs = 60_000

/** The pause before the next start: twice as long after each death, up to 30 s. */
const retryMsAfter = (deaths: number) => Math.min(firstRetryMs * 2 ** (deaths - 1), maxRetryMs)

/**
 * Keeps a part running, independently of the others. When it ends by itself, it is started again, for ever, after a
 * pause that grows while it keeps ending. It never gives up: the others are worth more than an orderly end, and what
 * ails it (a full disk, a database that is away) may pass.
 */
export class Supervised<T extends Running> {
  readonly name: string
  private readonly startOnce: (stop: AbortSignal) => Promise<T>
  private readonly observer: Observer
  private readonly pause: Pause
  private readonly stopped = new AbortController()
  private starting: Promise<T> | undefined
  private running: T | undefined
  private deaths = 0

  constructor(name: string, start: (stop: AbortSignal) => Promise<T>, observer: Observer, pause = systemPause) {
    this.name = name
    this.startOnce = start
    this.observer = observer
    this.pause = pause
  }

  /** The first start. When it fails, it rejects and is not repeated: then a setting is wrong, and a person is there. */
  async start(): Promise<T> {
    const running = await this.begin()
    this.watch(running).catch(endProcess)
    return running
  }

  /** Ends the part, also while it starts or waits for its next start. */
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
      const life = new AbortController()
      this.awaitHealth(life.signal).catch(endProcess)
      const lastWords: string = await current.ended
      life.abort()
      if (this.stopped.signal.aborted) return
      this.running = undefined
      current = await this.restart(lastWords)
    }
  }

  private async awaitHealth(life: AbortSignal): Promise<void> {
    await this.pause(healthyMs, life)
    if (life.aborted || this.deaths === 0) return
    this.deaths = 0
    this.observer.steady(this.name)
  }

  /** Resolves with the new part. Undefined when the supervisor was stopped. */
  private async restart(lastWords: string): Promise<T | undefined> {
    let words = lastWords
    while (!this.stopped.signal.aborted) {
      this.deaths += 1
      const retryMs = retryMsAfter(this.deaths)
      this.observer.died(this.name, { lastWords: words, deaths: this.deaths, retryMs })
      await this.pause(retryMs, this.stopped.signal)
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

/** A part that nobody watches would not be started again: a mistake of the launcher's own is not hidden. */
function endProcess(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
