import type { Description } from '../upstream.ts'

const leastMs = 1000
const maxMs = 600_000

interface Found {
  readonly description: Description
  readonly ttlMs: number
}

/** What a server says of itself, asked for once and kept as long as it allows, within reason. */
export class DescriptionCache {
  private readonly discover: () => Promise<Found>
  private held: Description | undefined
  private untilMs = 0
  private asking: Promise<Description> | undefined

  constructor(discover: () => Promise<Found>) {
    this.discover = discover
  }

  get(): Promise<Description> {
    if (this.held && performance.now() < this.untilMs) return Promise.resolve(this.held)
    this.asking ??= this.ask().finally(() => (this.asking = undefined))
    return this.asking
  }

  private async ask(): Promise<Description> {
    const { description, ttlMs } = await this.discover()
    this.held = description
    this.untilMs = performance.now() + Math.min(Math.max(ttlMs, leastMs), maxMs)
    return description
  }
}
