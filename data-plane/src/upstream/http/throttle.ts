import { setTimeout as delay } from 'node:timers/promises'
import type { Awaitable } from '../../runtime/awaitable.ts'

const windowMs = 1000

/** Holds back a server that never stops talking: up to `most` messages a second are taken as they come, the next one waits for the second to be over. */
export class Throttle {
  private readonly max: number
  private count = 0
  private sinceMs = 0

  constructor(max = 1000) {
    this.max = max
  }

  /** One more message. */
  next(): Awaitable<void> {
    const nowMs = performance.now()
    if (nowMs - this.sinceMs >= windowMs) {
      this.sinceMs = nowMs
      this.count = 0
    }
    if (++this.count <= this.max) return
    return delay(this.sinceMs + windowMs - nowMs, undefined, { ref: false })
  }
}
