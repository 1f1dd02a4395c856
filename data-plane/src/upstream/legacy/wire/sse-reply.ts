import type { LegacyMessage } from '../messages/message.ts'
import type { WireAnswer } from './session-wire.ts'

/** The answer to one request, when it comes on the stream of the session. */
export class SseReply {
  /** Resolves when the answer has come, or when none can come any more. */
  readonly settled: Promise<void>
  private readonly settle: () => void
  private messages: LegacyMessage[] = []
  private fault: Error | undefined
  private stopped = false

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.settled = promise
    this.settle = resolve
  }

  take(message: LegacyMessage): void {
    this.messages.push(message)
    this.settle()
  }

  /** The session is lost: no answer can come. */
  fail(fault: Error): void {
    this.fault = fault
    this.settle()
  }

  /** `forget`: the answer is no longer wanted. */
  answer(sessionId: string, forget: () => void): WireAnswer {
    const stop = () => {
      forget()
      this.stopped = true
      this.settle()
    }
    return {
      status: 200,
      kind: 'stream',
      sessionId,
      text: '',
      next: () => Promise.resolve(undefined),
      readMessages: () => this.read(),
      retryMs: () => undefined,
      stop,
      release: stop,
    }
  }

  private async read(): Promise<LegacyMessage[] | undefined> {
    await this.settled
    if (this.messages.length > 0) return this.messages.splice(0)
    if (this.fault && !this.stopped) throw this.fault
    return undefined
  }
}
