import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@bir/sdk/contract/errors'
import { FairQueue } from '../../../runtime/fair-queue.ts'
import { CPU_LIMIT_SIGNAL, hintField } from './job.ts'
import type { Findings, Job, Picture, Reply } from './job.ts'

interface Task {
  job: Job
  resolve(result: Picture | Findings): void
  reject(error: Error): void
}

/**
 * `limitMs` is CPU time, so that a busy machine draws the same charts as an idle one. The other times are wall time.
 */
const defaults = { limitMs: 5_000, startLimitMs: 60_000, idleMs: 30_000, maxWaiting: 32, maxWaitingPerPerson: 8, maxHeapMb: 384 }
/** A drawing may take this many times `limitMs` of wall time. The caller has given up long before. */
const wallTimeFactor = 12

/** The process can only draw: it may write no file and start no process, and its environment holds no secret. */
const permissionFlags = ['--permission', '--allow-fs-read=*', '--allow-addons', '--allow-worker', '--disable-proto=delete', '--no-warnings']
const lighterHint = 'Use fewer rows, marks or transforms.'

/**
 * Draws charts in a child process, which starts with the first chart and ends when idle. A thread would not do: a
 * spec that makes one huge list ends the whole process, and the rasteriser cannot be interrupted. So a drawing that
 * takes too much time or memory is ended with its process, and the plane goes on. Pools such as piscina or tinypool
 * do not serve here: they cannot end a task that has used up its CPU time.
 */
export class Renderer {
  private readonly options: typeof defaults
  private readonly queue: FairQueue
  private running: Task | undefined
  private child: ChildProcess | undefined
  private limitTimer: NodeJS.Timeout | undefined
  private idleTimer: NodeJS.Timeout | undefined

  constructor(options: Partial<typeof defaults> = {}) {
    this.options = { ...defaults, ...options }
    const { maxWaiting, maxWaitingPerPerson } = this.options
    this.queue = new FairQueue({ resource: 'the chart renderer', places: 1, maxWaiting, maxWaitingPerPerson })
  }

  /**
   * Draws the chart when it is the person's turn: `person` is their id. A drawing that was given up while it waited is
   * never drawn.
   */
  async draw(job: Job & { kind: 'render' }, person: string, signal: AbortSignal): Promise<Picture> {
    return (await this.queue.run(person, signal, () => this.run(job))) as Picture
  }

  /** The same for a spec that is only checked. */
  async validate(job: Job & { kind: 'validate' }, person: string, signal: AbortSignal): Promise<Findings> {
    return (await this.queue.run(person, signal, () => this.run(job))) as Findings
  }

  /** The id of the child process, while there is one. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  /**
   * Rejects the running drawing and those that wait, kills the child process and resolves when it has ended. A later
   * drawing starts a new process.
   */
  async close(): Promise<void> {
    const reason = new ToolError('upstream_down', 'The gateway is stopping.', { retryable: true })
    this.queue.rejectWaiting(reason)
    this.takeRunning()?.reject(reason)
    const child = this.child
    this.killChild()
    if (child) await hasExited(child)
  }

  /** One job at a time: the queue gives the only place. */
  private run(job: Job): Promise<Picture | Findings> {
    const { promise, resolve, reject } = Promise.withResolvers<Picture | Findings>()
    clearTimeout(this.idleTimer)
    this.running = { job, resolve, reject }
    this.child ??= this.start()
    this.child.ref()
    this.child.channel?.ref()
    this.giveUpAfter(this.options.startLimitMs)
    this.child.send(job, (error) => error && this.child?.kill('SIGKILL'))
    return promise
  }

  /** An idle child process does not keep the plane's process alive. */
  private becomeIdle(): void {
    this.child?.unref()
    this.child?.channel?.unref()
    clearTimeout(this.idleTimer)
    this.idleTimer = setTimeout(() => this.killChild(), this.options.idleMs).unref()
  }

  private giveUpAfter(limitMs: number): void {
    clearTimeout(this.limitTimer)
    this.limitTimer = setTimeout(() => {
      this.killChild()
      this.takeRunning()?.reject(timeoutError(limitMs))
    }, limitMs)
  }

  private start(): ChildProcess {
    const child = fork(fileURLToPath(new URL('./render-process.ts', import.meta.url)), [String(this.options.limitMs)], {
      env: { TZ: 'UTC' },
      execArgv: [...permissionFlags, `--max-old-space-size=${this.options.maxHeapMb}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('message', (reply: Reply) => this.onReply(child, reply))
    child.on('error', (error) => this.onEnd(child, error))
    child.on('exit', (code, signal) => this.onEnd(child, exitError(code, signal, this.options.limitMs)))
    return child
  }

  private onReply(child: ChildProcess, reply: Reply): void {
    if (child !== this.child) return
    if ('begun' in reply) return this.giveUpAfter(this.options.limitMs * wallTimeFactor)

    const task = this.takeRunning()
    this.becomeIdle()
    if ('done' in reply) task?.resolve(reply.done)
    else task?.reject(new ToolError(reply.fault.code, reply.fault.message, hintField(reply.fault)))
  }

  /** The child process ended without `killChild`. */
  private onEnd(child: ChildProcess, error: Error): void {
    if (child !== this.child) return
    this.child = undefined
    this.takeRunning()?.reject(error)
  }

  private takeRunning(): Task | undefined {
    const task = this.running
    this.running = undefined
    clearTimeout(this.limitTimer)
    return task
  }

  private killChild(): void {
    const child = this.child
    this.child = undefined
    clearTimeout(this.idleTimer)
    child?.unref()
    child?.channel?.unref()
    child?.kill('SIGKILL')
  }
}

/** Resolves when a killed process has ended. A process that could not be started has no pid. */
async function hasExited(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.ref() // else the plane's process could end while it waits here
  await new Promise((resolve) => child.once('exit', resolve))
}

const timeoutError = (limitMs: number) =>
  new ToolError('timed_out', `The chart was not drawn within ${limitMs / 1000} s.`, { hint: lighterHint })

function exitError(code: number | null, signal: NodeJS.Signals | null, limitMs: number): Error {
  if (signal === CPU_LIMIT_SIGNAL) return timeoutError(limitMs)
  // V8 aborts the process when the heap is full.
  if (signal === 'SIGABRT' || code === 134)
    return new ToolError('too_large', 'The chart needs more memory than it may use.', { hint: lighterHint })
  return new Error(`the chart process ended (${signal ?? code})`)
}
