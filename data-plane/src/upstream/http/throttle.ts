import { setTimeout as delay } from 'node:timers/promises'
import type { Awaitable } from '../../runtime/awaitable.ts'

const windowMs = 1000

/** Slows down a server that floods us: after `maxPerWindow` messages in a second, the next one waits for its end. */
export class Throttle {
  private readonly maxPerWindow: number
  private count = 0
  private windowStartMs = 0

  constructor(maxPerWindow = 1000) {
    this.maxPerWindow = maxPerWindow
  }

  /** Counts one message. A returned promise resolves when the message may be taken. */
  next(): Awaitable<void> {
    const nowMs = performance.now()
    if (nowMs - this.windowStartMs >= windowMs) {
      this.windowStartMs = nowMs
      this.count = 0
    }
    if (++this.count <= this.maxPerWindow) return
    return delay(this.windowStartMs + windowMs - nowMs, undefined, { ref: false })
  }
}
