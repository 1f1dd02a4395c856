import { randomUUID } from 'node:crypto'
import type { Asking, Json } from '../fixture/fixture.ts'
import { JobError } from '../fixture/task-tools.ts'
import type { Job } from '../fixture/task-tools.ts'

const ttlMs = 10 * 60 * 1000
const pollIntervalMs = 100

interface OpenRequest {
  readonly request: unknown
  answer(response: unknown): void
}

/** One task of the extension `io.modelcontextprotocol/tasks` (SEP-2663). */
class Task {
  readonly id = randomUUID()
  readonly stop = new AbortController()
  private readonly createdAt = new Date().toISOString()
  private readonly onChange: (task: Task) => void
  private readonly open = new Map<string, OpenRequest>()
  private lastUpdatedAt = this.createdAt
  private end: Json | undefined

  constructor(onChange: (task: Task) => void) {
    this.onChange = onChange
  }

  /** The result of the call that made the task. */
  get handle(): Json {
    return { taskId: this.id, status: 'working', createdAt: this.createdAt, lastUpdatedAt: this.lastUpdatedAt, ttlMs, pollIntervalMs }
  }

  /** The result of `tasks/get`, and the content of a notification. */
  get detailed(): Json {
    if (this.end) return { ...this.handle, ...this.end }
    if (this.open.size === 0) return this.handle
    const inputRequests = Object.fromEntries([...this.open].map(([key, { request }]) => [key, request]))
    return { ...this.handle, status: 'input_required', inputRequests }
  }

  ask(requests: Asking['asks']): Promise<Json> {
    const answers = Object.entries(requests).map(([key, request]) => {
      const { promise, resolve } = Promise.withResolvers<unknown>()
      this.open.set(key, { request, answer: resolve })
      return promise.then((answer) => [key, answer] as const)
    })
    this.touch()
    return Promise.all(answers).then((entries) => Object.fromEntries(entries))
  }

  /** Takes answers of the client. Answers to requests that are not open are ignored. */
  update(responses: Json): void {
    for (const [key, response] of Object.entries(responses)) {
      const open = this.open.get(key)
      this.open.delete(key)
      open?.answer(response)
    }
    this.touch()
  }

  finish(end: Json): void {
    if (this.end) return
    this.end = end
    this.open.clear()
    this.touch()
  }

  private touch(): void {
    this.lastUpdatedAt = new Date().toISOString()
    this.onChange(this)
  }
}

/** All tasks of one server. Whoever knows the id of a task can read it: access control is the gateway's job. */
export class Tasks {
  private readonly tasks = new Map<string, Task>()
  private readonly listeners = new Set<(taskId: string, task: Json) => void>()

  start(work: (job: Job) => Promise<Json>, input: Pick<Job, 'args' | 'answers'>): Json {
    const task = new Task(({ id, detailed }) => this.listeners.forEach((listener) => listener(id, detailed)))
    this.tasks.set(task.id, task)
    const { handle, stop } = task
    work({ ...input, signal: stop.signal, ask: (requests) => task.ask(requests) }).then(
      (result) => task.finish({ status: 'completed', result }),
      (error: unknown) => task.finish({ status: 'failed', error: { code: -32_603, message: failure(error) } }),
    )
    return handle
  }

  get(id: string): Json | undefined {
    return this.tasks.get(id)?.detailed
  }

  update(id: string, responses: Json): boolean {
    const task = this.tasks.get(id)
    task?.update(responses)
    return task !== undefined
  }

  cancel(id: string): boolean {
    const task = this.tasks.get(id)
    task?.finish({ status: 'cancelled' })
    task?.stop.abort()
    return task !== undefined
  }

  onChange(listener: (taskId: string, task: Json) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  close(): void {
    for (const id of this.tasks.keys()) this.cancel(id)
  }
}

const failure = (error: unknown) => (error instanceof JobError ? error.message : 'It broke down in a way nobody foresaw.')
