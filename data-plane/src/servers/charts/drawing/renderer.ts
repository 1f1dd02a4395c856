import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ToolError } from '@bir/sdk/contract/errors'
import { hinted, SPENT } from './job.ts'
import type { Findings, Job, Picture, Reply } from './job.ts'

interface Task {
  job: Job
  resolve(done: Picture | Findings): void
  reject(error: Error): void
}

/** `limitMs` is time of the processor: a machine with other work draws what one of its own does. The rest is by the clock. */
const defaults = { limitMs: 5_000, startLimitMs: 60_000, idleMs: 30_000, maxWaiting: 8, maxHeapMb: 384 }
/** By the clock a drawing may take so many times its limit; whoever asked has given up long before. */
const patience = 12

/** It draws and nothing more: it writes no file, starts no process, and sees no secret of the environment. */
const confined = ['--permission', '--allow-fs-read=*', '--allow-addons', '--allow-worker', '--disable-proto=delete', '--no-warnings']
const lighter = 'Use fewer rows, marks or transforms.'

/**
 * Draws charts in a process that starts with the first one and ends when idle. Not in a thread: a spec that asks for one huge
 * list ends the whole process, and the rasteriser cannot be interrupted; so what takes too long or too much is killed, and the plane stays.
 */
export class Renderer {
  private readonly options: typeof defaults
  private readonly waiting: Task[] = []
  private running: Task | undefined
  private child: ChildProcess | undefined
  private limit: NodeJS.Timeout | undefined
  private idle: NodeJS.Timeout | undefined

  constructor(options: Partial<typeof defaults> = {}) {
    this.options = { ...defaults, ...options }
  }

  async draw(job: Job & { kind: 'render' }, signal: AbortSignal): Promise<Picture> {
    return (await this.run(job, signal)) as Picture
  }

  async validate(job: Job & { kind: 'validate' }, signal: AbortSignal): Promise<Findings> {
    return (await this.run(job, signal)) as Findings
  }

  /** The process that draws, while there is one. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Ends the process; what it was drawing, and what waits for it, is given up. */
  close(): void {
    const reason = new ToolError('upstream_down', 'The gateway is stopping.', { retryable: true })
    for (const task of this.waiting.splice(0)) task.reject(reason)
    this.settle()?.reject(reason)
    this.dismiss()
  }

  private async run(job: Job, signal: AbortSignal): Promise<Picture | Findings> {
    signal.throwIfAborted()
    if (this.waiting.length >= this.options.maxWaiting) {
      throw new ToolError('rate_limited', 'Too many charts are being drawn at once.', {
        hint: 'Try again in a few seconds.',
        retryable: true,
      })
    }
    const { promise, resolve, reject } = Promise.withResolvers<Picture | Findings>()
    const task = { job, resolve, reject }
    const leave = () => {
      const at = this.waiting.indexOf(task)
      if (at >= 0) this.waiting.splice(at, 1)
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', leave, { once: true })
    this.waiting.push(task)
    this.next()
    return promise.finally(() => signal.removeEventListener('abort', leave))
  }

  private next(): void {
    if (this.running) return
    clearTimeout(this.idle)
    const task = this.waiting.shift()
    if (!task) return this.rest()

    this.running = task
    this.child ??= this.start()
    this.child.ref()
    this.child.channel?.ref()
    this.giveUpAfter(this.options.startLimitMs)
    this.child.send(task.job, (error) => error && this.child?.kill('SIGKILL'))
  }

  private rest(): void {
    this.child?.unref()
    this.child?.channel?.unref()
    this.idle = setTimeout(() => this.dismiss(), this.options.idleMs).unref()
  }

  private giveUpAfter(limitMs: number): void {
    clearTimeout(this.limit)
    this.limit = setTimeout(() => {
      this.dismiss()
      this.settle()?.reject(tooSlow(limitMs))
      this.next()
    }, limitMs)
  }

  private start(): ChildProcess {
    const child = fork(fileURLToPath(new URL('./render-process.ts', import.meta.url)), [String(this.options.limitMs)], {
      env: {},
      execArgv: [...confined, `--max-old-space-size=${this.options.maxHeapMb}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('message', (reply: Reply) => this.hear(child, reply))
    child.on('error', (error) => this.lose(child, error))
    child.on('exit', (code, signal) => this.lose(child, signal === SPENT ? tooSlow(this.options.limitMs) : ended(code, signal)))
    return child
  }

  private hear(child: ChildProcess, reply: Reply): void {
    if (child !== this.child) return
    if ('begun' in reply) return this.giveUpAfter(this.options.limitMs * patience)

    const task = this.settle()
    if ('done' in reply) task?.resolve(reply.done)
    else task?.reject(new ToolError(reply.fault.code, reply.fault.message, hinted(reply.fault)))
    this.next()
  }

  /** The process ended by itself. */
  private lose(child: ChildProcess, error: Error): void {
    if (child !== this.child) return
    this.child = undefined
    this.settle()?.reject(error)
    this.next()
  }

  private settle(): Task | undefined {
    const task = this.running
    this.running = undefined
    clearTimeout(this.limit)
    return task
  }

  private dismiss(): void {
    const child = this.child
    this.child = undefined
    clearTimeout(this.idle)
    child?.unref()
    child?.channel?.unref()
    child?.kill('SIGKILL')
  }
}

const tooSlow = (limitMs: number) => new ToolError('timed_out', `The chart was not drawn within ${limitMs / 1000} s.`, { hint: lighter })

/** V8 aborts when the heap is full. */
function ended(code: number | null, signal: NodeJS.Signals | null): Error {
  if (signal === 'SIGABRT' || code === 134)
    return new ToolError('too_large', 'The chart needs more memory than it may use.', { hint: lighter })
  return new Error(`the chart process ended (${signal ?? code})`)
}
