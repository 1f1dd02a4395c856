import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@bir/sdk/contract/errors'
import type { ParserAnswer } from './parser-process.ts'
import { refused } from '../syntax/refusal.ts'

/** By the clock, and so far above what any text within bounds costs that a machine with other work does not refuse a usual one. */
const limitMs = 2_000
const idleMs = 60_000
const program = fileURLToPath(new URL('./parser-process.ts', import.meta.url))

export interface Parsed {
  /** The one statement, as PostgreSQL's own parser reads it. */
  statement: unknown
  /** Every name in the text that is no keyword, as the lexer reads it. */
  words: string[]
}

interface Job {
  text: string
  settle(answer: ParserAnswer | 'late'): void
}

/**
 * PostgreSQL's parser in a process of its own, one text at a time. A usual one takes 0.1 ms, but made-up ones of 20,000 characters
 * take up to 370 ms and the stack they need. In a thread its memory stayed with the plane: 600 MB after a few dozen of them, most of it
 * the optimising of compiled WebAssembly, which cannot be switched off for one thread. Apart and unoptimised it stays under 130 MB.
 */
class ParserProcess {
  private child: ChildProcess | undefined
  private ready = false
  private job: Job | undefined
  private queue: Job[] = []
  private timer: NodeJS.Timeout | undefined

  ask(text: string): Promise<ParserAnswer | 'late'> {
    return new Promise((settle) => {
      this.queue.push({ text, settle })
      this.next()
    })
  }

  private next(): void {
    if (this.job) return
    const child = (this.child ??= this.start())
    if (!this.ready) return
    this.job = this.queue.shift()
    clearTimeout(this.timer)
    if (!this.job) return this.rest(child)

    holdsUp(child, true)
    child.send(this.job.text)
    // The answer may already be waiting behind a busy main thread: look once more before giving up.
    this.timer = setTimeout(() => setImmediate(() => this.child === child && this.job && this.finish('late')), limitMs)
  }

  private rest(child: ChildProcess): void {
    holdsUp(child, false)
    this.timer = setTimeout(() => this.drop(), idleMs).unref()
  }

  private start(): ChildProcess {
    this.ready = false
    const child = fork(program, {
      execArgv: ['--liftoff-only', '--stack-size=6000', '--max-old-space-size=96'],
      // It needs nothing of the plane's surroundings, secrets least of all.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('message', (answer: ParserAnswer) => this.hear(child, answer))
    const lost = () => child === this.child && this.finish('late')
    child.on('error', lost)
    child.on('exit', lost)
    return child
  }

  private hear(child: ChildProcess, answer: ParserAnswer): void {
    if (child !== this.child) return
    if (answer.kind !== 'ready') return this.finish(answer)
    this.ready = true
    this.next()
  }

  private finish(answer: ParserAnswer | 'late'): void {
    clearTimeout(this.timer)
    if (answer === 'late' || answer.kind === 'broken') this.drop()
    const job = this.job ?? this.queue.shift()
    this.job = undefined
    job?.settle(answer)
    if (this.queue.length > 0 || this.child) this.next()
  }

  private drop(): void {
    this.child?.kill('SIGKILL')
    this.child = undefined
    this.ready = false
  }
}

/** Only a parser at work keeps the plane's process from ending. */
function holdsUp(child: ChildProcess, busy: boolean): void {
  if (busy) {
    child.ref()
    child.channel?.ref()
    return
  }
  child.unref()
  child.channel?.unref()
}

const parser = new ParserProcess()

/** Reads the text as PostgreSQL would; exactly one statement. */
export async function parse(text: string): Promise<Parsed> {
  const answer = await parser.ask(text)
  if (answer === 'late' || answer.kind === 'broken' || answer.kind === 'too-complex' || answer.kind === 'ready')
    throw refused('The statement is too complex to be checked.', 'Split it, nest less, or carry lists in params: = any($1::int[]).')
  if (answer.kind === 'syntax')
    throw new ToolError('invalid_input', `${answer.message} (at character ${answer.position + 1})`, { hint: 'Write PostgreSQL.' })

  const [statement, second] = answer.statements
  if (statement === undefined || second !== undefined) throw refused('Exactly one statement is accepted.', 'Send one SELECT a call.')
  return { statement, words: answer.words }
}
