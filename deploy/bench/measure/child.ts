import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of the benchmark. It communicates by messages and ends with this process. */
export class Child implements Disposable {
  private readonly process: ChildProcess

  constructor(program: URL, args: string[] = [], execArgv: string[] = []) {
    this.process = fork(fileURLToPath(program), args, { execArgv, stdio: ['ignore', 2, 'inherit', 'ipc'] })
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /**
   * Sends `order`, if there is one, and resolves with the next
   * message. Rejects when the process fails or ends instead.
   */
  async receive<T extends object>(order?: object): Promise<T> {
    const listening = new AbortController()
    const ended = once(this.process, 'exit', { signal: listening.signal }).then(() =>
      Promise.reject(new Error('a process of the benchmark ended')),
    )
    const answered = once(this.process, 'message', { signal: listening.signal })
    if (order) this.process.send(order)
    try {
      const [message] = (await Promise.race([answered, ended])) as [T | { failed: string }]
      if ('failed' in message) throw new Error(message.failed)
      return message
    } finally {
      listening.abort()
      Promise.allSettled([answered, ended]).catch(() => undefined)
    }
  }

  [Symbol.dispose](): void {
    this.process.kill()
  }
}
