import { ToolError } from '@bir/sdk/contract/errors'

interface Line {
  running: number
  readonly waiting: (() => void)[]
}

const maxWaiting = 64

/** Lets so many requests of one person run at once; others wait their turn, in the order in which they came. */
export class PersonLimit {
  private readonly lines = new Map<string, Line>()
  private readonly title: string
  private readonly atOnce: number

  constructor(title: string, atOnce: number) {
    this.title = title
    this.atOnce = atOnce
  }

  /** Rejects with `rate_limited` when too many wait, and with the reason of the signal when that is aborted first. */
  async run<T>(person: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(person) ?? { running: 0, waiting: [] }
    this.lines.set(person, line)
    if (line.running >= this.atOnce) await this.turn(line, signal)
    else line.running++
    try {
      return await work()
    } finally {
      const next = line.waiting.shift()
      // Whoever is next takes this place over.
      if (next) next()
      else if (--line.running === 0) this.lines.delete(person)
    }
  }

  private turn(line: Line, signal: AbortSignal): Promise<void> {
    if (line.waiting.length >= maxWaiting) throw tooMany(this.title)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const start = () => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    }
    const giveUp = () => {
      line.waiting.splice(line.waiting.indexOf(start), 1)
      reject(signal.reason as Error)
    }
    if (signal.aborted) throw signal.reason
    line.waiting.push(start)
    signal.addEventListener('abort', giveUp, { once: true })
    return promise
  }
}

const tooMany = (title: string) =>
  new ToolError('rate_limited', `Too many of your requests to ${title} wait already.`, {
    hint: 'Wait for the answers of your calls, then try again.',
    retryable: true,
    retryAfterS: 1,
  })
