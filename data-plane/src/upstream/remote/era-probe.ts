import { probeEra } from './probe-era.ts'
import type { Era } from './era-verdict.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

export interface ProbeTimes {
  /** After this time a verdict is probed again. */
  readonly validMs: number
  /** After a probe that failed, the earlier verdict stands for this time. */
  readonly retryMs: number
  /** A doubt about the verdict leads to no more than one probe in this time. */
  readonly minIntervalMs: number
  /** A server that has not answered the first question by then gets the second one. */
  readonly patienceMs?: number
}

const defaultTimes: ProbeTimes = { validMs: 10 * 60_000, retryMs: 60_000, minIntervalMs: 5000 }

/**
 * Knows the era of a server. The administrator sets it, or this probes the server. It probes again from time to time,
 * because an upgraded server goes on answering legacy requests, so nothing else would tell.
 */
export class EraKeeper {
  private readonly options: RemoteConnection
  private readonly times: ProbeTimes
  private verdict: Era | undefined
  private validUntilMs = 0
  /** Before this time a doubt leads to no probe. */
  private nextDoubtMs = 0
  private probeUnderWay: Promise<Era> | undefined
  /** Probes in a row that told no era. */
  private failedProbes = 0

  constructor(options: RemoteConnection, times: Partial<ProbeTimes> = {}) {
    this.options = options
    this.times = { ...defaultTimes, ...times }
    const { era } = options.settings
    if (era === 'auto') return
    this.verdict = era === '2026-07-28' ? 'modern' : era
    this.validUntilMs = Number.POSITIVE_INFINITY
    this.nextDoubtMs = Number.POSITIVE_INFINITY
  }

  /** The last verdict; undefined before the first. */
  get lastVerdict(): Era | undefined {
    return this.verdict
  }

  /** Waits only for the first verdict. Later probes run in the background, while the last verdict is used. */
  get(): Awaitable<Era> {
    if (this.verdict === undefined) return this.probe()
    if (performance.now() >= this.validUntilMs) this.probe().catch(() => undefined)
    return this.verdict
  }

  /** The server behaves as if it were of the other era: probes at once. */
  probeAgain(): Awaitable<Era> {
    if (this.verdict !== undefined && performance.now() < this.nextDoubtMs) return this.verdict
    return this.probe()
  }

  /** The era may have changed: the next `get` starts a probe, without waiting for it. */
  markStale(): void {
    if (performance.now() >= this.nextDoubtMs) this.validUntilMs = 0
  }

  private probe(): Promise<Era> {
    this.probeUnderWay ??= this.runProbe().finally(() => (this.probeUnderWay = undefined))
    return this.probeUnderWay
  }

  private async runProbe(): Promise<Era> {
    const { id, log } = this.options
    try {
      const verdict = await probeEra(this.options, { mayInitialize: this.mayInitialize(), patienceMs: this.times.patienceMs })
      if (verdict !== this.verdict) log('info', 'era of a server', { server: id, era: verdict })
      this.verdict = verdict
      this.failedProbes = 0
      this.validUntilMs = performance.now() + this.times.validMs
      return verdict
    } catch (error) {
      this.failedProbes++
      this.validUntilMs = performance.now() + this.times.retryMs
      throw error
    } finally {
      this.nextDoubtMs = performance.now() + this.times.minIntervalMs
    }
  }

  /** A server of both eras that is ill for a moment stays modern: only the second probe asks for the other. */
  private mayInitialize(): boolean {
    return this.verdict !== 'modern' || this.failedProbes > 0
  }
}
