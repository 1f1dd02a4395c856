import type { Description } from '../upstream.ts'

const minTtlMs = 1000
const maxTtlMs = 600_000

interface Discovered {
  readonly description: Description
  readonly ttlMs: number
}

/** The description a server gives of itself. It is cached for as long as the server allows, within limits of ours. */
export class DescriptionCache {
  private readonly discover: () => Promise<Discovered>
  private description: Description | undefined
  private validUntilMs = 0
  private discovery: Promise<Description> | undefined

  constructor(discover: () => Promise<Discovered>) {
    this.discover = discover
  }

  get(): Promise<Description> {
    if (this.description && performance.now() < this.validUntilMs) return Promise.resolve(this.description)
    this.discovery ??= this.refresh().finally(() => (this.discovery = undefined))
    return this.discovery
  }

  private async refresh(): Promise<Description> {
    const { description, ttlMs } = await this.discover()
    this.description = description
    this.validUntilMs = performance.now() + Math.min(Math.max(ttlMs, minTtlMs), maxTtlMs)
    return description
  }
}
