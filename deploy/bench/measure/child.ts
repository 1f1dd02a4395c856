import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of the benchmark's own, which speaks in messages and ends with us. */
export class Child implements Disposable {
  private readonly process: ChildProcess

  constructor(program: URL, args: string[] = [], execArgv: string[] = []) {
    this.process = fork(fileURLToPath(program), args, { execArgv, stdio: ['ignore', 2, 'inherit', 'ipc'] })
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /** Its next message, to `order` if one is given. Rejects when it fails or ends instead. */
  async hears<T extends object>(order?: object): Promise<T> {
    const given = new AbortController()
    const ended = once(this.process, 'exit', { signal: given.signal }).then(() =>
      Promise.reject(new Error('a process of the benchmark ended')),
    )
    const said = once(this.process, 'message', { signal: given.signal })
    if (order) this.process.send(order)
    try {
      const [message] = (await Promise.race([said, ended])) as [T | { failed: string }]
      if ('failed' in message) throw new Error(message.failed)
      return message
    } finally {
      given.abort()
      void Promise.allSettled([said, ended])
    }
  }

  [Symbol.dispose](): void {
    this.process.kill()
  }
}
