import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@bir/sdk/contract/errors'
import { FairQueue } from '../../../../runtime/fair-queue.ts'
import { givenUp } from '../../connection/given-up.ts'
import type { OpenConnection } from '../../connection/open-connection.ts'
import type { ParserAnswer } from './parser-process.ts'
import { refusal } from '../syntax/refusal.ts'

/**
 * Measured by the clock. Far above what any text of accepted length takes, so that a busy machine refuses no ordinary
 * one.
 */
const maxParseMs = 2_000
/** A machine that is very busy needs seconds to start a process. */
const maxStartMs = 60_000
const idleMs = 60_000
const programPath = fileURLToPath(new URL('./parser-process.ts', import.meta.url))

export interface ParsedStatement {
  /** The tree of the one statement. */
  statement: unknown
  /** Every name in the text that is not a keyword, as the lexer reads it. */
  words: string[]
}

/** `no-answer`: the process took too long or died. `closed`: the data plane has closed it. */
type Outcome = ParserAnswer | { kind: 'no-answer' | 'closed' }

interface Job {
  text: string
  settle(outcome: Outcome): void
}

/** On whose behalf a text is parsed, and how long they wait for it. */
export type ParseAsker = Pick<OpenConnection, 'caller' | 'signal' | 'timeoutMs'>

/**
 * Runs PostgreSQL's parser in a child process, one text at a time. The process starts with the first text and ends
 * when idle. An ordinary text takes 0.1 ms. A hostile one of 20,000 characters takes up to 370 ms and all the stack
 * there is.
 *
 * It is a process and not a worker thread because of memory. With a thread, the data plane kept 600 MB after a few
 * dozen hostile texts, most of it from optimising the compiled WebAssembly. A process can turn the optimising off and
 * stays under 130 MB. See docs/decisions/0006.
 */
class ParserProcess {
  private child: ChildProcess | undefined
  private isReady = false
  private job: Job | undefined
  private timer: NodeJS.Timeout | undefined

  /** Parses a text. The next one may come when this one has its outcome. */
  parse(text: string): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.job = { text, settle: resolve }
    clearTimeout(this.timer)
    if (!this.child) {
      this.child = this.start()
      this.giveUpAfter(maxStartMs)
    }
    this.send()
    return promise
  }

  /** Kills the process and resolves when it has exited. The text in it fails; a later text starts a new process. */
  async close(): Promise<void> {
    const { child, job } = this
    this.job = undefined
    clearTimeout(this.timer)
    this.kill()
    job?.settle({ kind: 'closed' })
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    // `once` rejects when the process emits an error instead: then it never started.
    await once(child, 'exit').catch(() => undefined)
  }

  private send(): void {
    if (!this.child || !this.isReady || !this.job) return
    keepAliveFor(this.child, true)
    this.child.send(this.job.text)
    this.giveUpAfter(maxParseMs)
  }

  private giveUpAfter(limitMs: number): void {
    const { child, job } = this
    clearTimeout(this.timer)
    // When the main thread was busy, the answer may have arrived but be unread. `setImmediate` lets it be read first.
    const giveUp = () => this.child === child && this.job === job && this.finish({ kind: 'no-answer' })
    this.timer = setTimeout(() => setImmediate(giveUp), limitMs)
  }

  private killWhenIdle(child: ChildProcess): void {
    keepAliveFor(child, false)
    this.timer = setTimeout(() => this.kill(), idleMs).unref()
  }

  private start(): ChildProcess {
    this.isReady = false
    const child = fork(programPath, {
      execArgv: ['--liftoff-only', '--stack-size=6000', '--max-old-space-size=96'],
      // The environment of the data plane may hold secrets, and the parser needs nothing of it.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('message', (answer: ParserAnswer) => this.onMessage(child, answer))
    const onExit = () => child === this.child && this.finish({ kind: 'no-answer' })
    child.on('error', onExit)
    child.on('exit', onExit)
    return child
  }

  private onMessage(child: ChildProcess, answer: ParserAnswer): void {
    if (child !== this.child) return
    if (answer.kind !== 'ready') return this.finish(answer)
    this.isReady = true
    this.send()
  }

  private finish(outcome: Outcome): void {
    const { job } = this
    this.job = undefined
    clearTimeout(this.timer)
    if (outcome.kind === 'no-answer' || outcome.kind === 'broken') this.kill()
    if (this.child) this.killWhenIdle(this.child)
    job?.settle(outcome)
  }

  private kill(): void {
    this.child?.kill('SIGKILL')
    this.child = undefined
    this.isReady = false
  }
}

/** While the parser works on a text, its process keeps the data plane's process from ending. An idle one does not. */
function keepAliveFor(child: ChildProcess, isBusy: boolean): void {
  if (isBusy) {
    child.ref()
    child.channel?.ref()
    return
  }
  child.unref()
  child.channel?.unref()
}

const parser = new ParserProcess()
const queue = new FairQueue({ resource: 'the SQL parser', places: 1, maxWaiting: 256, maxWaitingPerPerson: 32 })

/**
 * Parses the text as PostgreSQL would. Refuses anything but exactly one statement. People take turns. A text that was
 * given up while it waited is never parsed; one that is being parsed keeps the parser until its outcome.
 */
export async function parse(text: string, asker: ParseAsker): Promise<ParsedStatement> {
  const outcome = await queue
    .run(asker.caller, asker.signal, () => parser.parse(text))
    .catch((error: unknown) => {
      throw error instanceof ToolError ? error : givenUp(asker, error)
    })
  if (outcome.kind === 'syntax')
    throw new ToolError('invalid_input', `${outcome.message} (at character ${outcome.position + 1})`, { hint: 'Write PostgreSQL.' })
  if (outcome.kind === 'closed') throw stopping()
  if (outcome.kind !== 'parsed')
    throw refusal('The statement is too complex to be checked.', 'Split it, nest less, or carry lists in params: = any($1::int[]).')

  const [statement, secondStatement] = outcome.statements
  if (statement === undefined || secondStatement !== undefined)
    throw refusal('Exactly one statement is accepted.', 'Send one SELECT a call.')
  return { statement, words: outcome.words }
}

/** Ends the parser's process. Texts that wait fail. A later `parse` starts a new process. */
export async function closeParser(): Promise<void> {
  queue.rejectWaiting(stopping())
  await parser.close()
}

const stopping = () => new ToolError('upstream_down', 'The gateway is stopping.', { retryable: true, hint: 'Try again in a moment.' })
