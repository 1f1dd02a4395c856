import { HEALTH_EVERY_MS, MAX_HEALTH, OVER_SSE } from '@bir/sdk/contract/internal'
import type { Ack, RemoteHealth } from '@bir/sdk/contract/internal'
import type { ServerSecrets } from '../secrets/in-use.ts'
import type { Log } from '../runtime/log.ts'
import type { UpstreamHealth } from '../upstream/upstream.ts'
import type { ControlClient } from './client.ts'

interface Options {
  control: Pick<ControlClient, 'post'>
  /** Every remote server of the policy in force. */
  health(): readonly { id: string; url: string; health: UpstreamHealth }[]
  /** What no report may hold. */
  secrets: { of(server: string): Pick<ServerSecrets, 'values'> }
  log: Log
  nowMs?(): number
}

interface Report {
  readonly health: RemoteHealth
  readonly overSse: boolean
}

const lookEveryMs = 1000
const againAfterMs = 10_000
const maxErrorLength = 500

/** Tells the control plane how the remote servers are: what changed within a second, all of them every minute. */
export class HealthReporter {
  private readonly options: Options
  private readonly nowMs: () => number
  private readonly told = new Map<string, { digest: string; atMs: number }>()
  private notBeforeMs = 0
  private failing = false
  private turn: Promise<void> = Promise.resolve()
  private timer: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.options = options
    this.nowMs = options.nowMs ?? (() => performance.now())
  }

  start(): void {
    this.timer = setInterval(() => void this.tell(), lookEveryMs).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Posts what is due. One at a time; a fault is tried again after a while. */
  tell(): Promise<void> {
    this.turn = this.turn.then(() => this.due())
    return this.turn
  }

  private async due(): Promise<void> {
    const nowMs = this.nowMs()
    if (nowMs < this.notBeforeMs) return
    const all = this.options.health()
    const ids = new Set(all.map(({ id }) => id))
    for (const id of this.told.keys()) if (!ids.has(id)) this.told.delete(id)
    const due = all.map((one) => this.reportOf(one)).filter((report) => this.isDue(report, nowMs))
    try {
      for (let at = 0; at < due.length; at += MAX_HEALTH) await this.post(due.slice(at, at + MAX_HEALTH), nowMs)
      this.failing = false
    } catch (error) {
      if (!this.failing) this.options.log('warn', 'the control plane cannot be told how the servers are', { why: String(error) })
      this.failing = true
      this.notBeforeMs = nowMs + againAfterMs
    }
  }

  private isDue(report: Report, nowMs: number): boolean {
    const told = this.told.get(report.health.server)
    return told === undefined || told.digest !== digestOf(report) || nowMs - told.atMs >= HEALTH_EVERY_MS
  }

  private async post(reports: Report[], atMs: number): Promise<void> {
    const ack: Ack = { health: reports.map(({ health }) => health) }
    const overSse = reports.filter(({ overSse }) => overSse).map(({ health }) => health.server)
    await this.options.control.post(`/acks${overSse.length > 0 ? `?${OVER_SSE}=${overSse.join(',')}` : ''}`, JSON.stringify(ack))
    for (const report of reports) this.told.set(report.health.server, { digest: digestOf(report), atMs })
  }

  private reportOf({ id, url, health }: ReturnType<Options['health']>[number]): Report {
    const { state, era, breaker, lastSuccessAtMs, lastErrorAtMs, lastError, latencyMs } = health
    const report: RemoteHealth = {
      server: id,
      url,
      state,
      ...(era !== undefined && era !== 'mounted' && { era: era === 'sse' ? 'legacy' : era }),
      breaker,
      ...(lastSuccessAtMs !== undefined && { lastSuccessAtMs }),
      ...(lastErrorAtMs !== undefined && { lastErrorAtMs }),
      ...(lastError !== undefined && { lastError: this.clean(id, lastError) }),
      ...(latencyMs !== undefined && { latencyMs: Math.round(latencyMs * 10) / 10 }),
    }
    return { health: report, overSse: era === 'sse' }
  }

  /** What went wrong may be told in words of the server's, which may hold what it was sent. */
  private clean(server: string, text: string): string {
    const holds = this.options.secrets.of(server).values.some((secret) => text.includes(secret))
    return holds ? 'not shown: it repeats a secret' : text.slice(0, maxErrorLength)
  }
}

/** Times and latencies move with every call: they are told along, and no reason to tell. */
const digestOf = ({ health: { url, state, era, breaker, lastError }, overSse }: Report) =>
  JSON.stringify([url, state, era, overSse, breaker, lastError])
