import { Worker } from 'node:worker_threads'
import { ToolError } from '@bir/sdk/contract/errors'
import type { WorkerAnswer } from './parse-worker.ts'
import { refused } from './refusal.ts'

const limitMs = 200
const idleMs = 60_000

export interface Parsed {
  /** The one statement, as PostgreSQL's own parser reads it. */
  statement: unknown
  /** Every name in the text that is no keyword, as the lexer reads it. */
  words: string[]
}

interface Job {
  text: string
  settle(answer: WorkerAnswer | 'late'): void
}

/**
 * PostgreSQL's parser in a thread of its own. A usual statement takes 0.1 ms, but made-up ones take 10 to 370 ms, overflow the
 * stack or leave hundreds of megabytes behind: there they cost a thread that is thrown away, and the calls of others go on.
 */
class ParserThread {
  #worker: Worker | undefined
  #ready = false
  #job: Job | undefined
  #queue: Job[] = []
  #timer: NodeJS.Timeout | undefined

  ask(text: string): Promise<WorkerAnswer | 'late'> {
    return new Promise((settle) => {
      this.#queue.push({ text, settle })
      this.#next()
    })
  }

  #next(): void {
    if (this.#job) return
    const worker = (this.#worker ??= this.#start())
    if (!this.#ready) return
    this.#job = this.#queue.shift()
    clearTimeout(this.#timer)
    if (!this.#job) return this.#rest(worker)

    worker.ref()
    worker.postMessage(this.#job.text)
    // The answer may already be waiting behind a busy main thread: look once more before giving up.
    this.#timer = setTimeout(() => setImmediate(() => this.#worker === worker && this.#job && this.#finish('late')), limitMs)
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#timer = setTimeout(() => this.#drop(), idleMs).unref()
  }

  #start(): Worker {
    this.#ready = false
    const worker = new Worker(new URL('./parse-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 96, stackSizeMb: 4 },
    })
    worker.on('message', (answer: WorkerAnswer) => this.#hear(worker, answer))
    worker.on('error', () => worker === this.#worker && this.#finish('late'))
    return worker
  }

  #hear(worker: Worker, answer: WorkerAnswer): void {
    if (worker !== this.#worker) return
    if (answer.kind !== 'ready') return this.#finish(answer)
    this.#ready = true
    this.#next()
  }

  #finish(answer: WorkerAnswer | 'late'): void {
    clearTimeout(this.#timer)
    // After anything but a clean end the parser's memory is not to be trusted.
    if (answer === 'late' || answer.kind === 'broken' || answer.kind === 'too-complex') this.#drop()
    const job = this.#job ?? this.#queue.shift()
    this.#job = undefined
    job?.settle(answer)
    if (this.#queue.length > 0 || this.#worker) this.#next()
  }

  #drop(): void {
    void this.#worker?.terminate()
    this.#worker = undefined
    this.#ready = false
  }
}

const thread = new ParserThread()

/** Reads the text as PostgreSQL would; exactly one statement. */
export async function parse(text: string): Promise<Parsed> {
  const answer = await thread.ask(text)
  if (answer === 'late' || answer.kind === 'broken' || answer.kind === 'too-complex' || answer.kind === 'ready')
    throw refused('The statement is too complex to be checked.', 'Split it, nest less, or carry lists in params: = any($1::int[]).')
  if (answer.kind === 'syntax')
    throw new ToolError('invalid_input', `${answer.message} (at character ${answer.position + 1})`, { hint: 'Write PostgreSQL.' })

  const [statement, second] = answer.statements
  if (statement === undefined || second !== undefined) throw refused('Exactly one statement is accepted.', 'Send one SELECT a call.')
  return { statement, words: answer.words }
}
