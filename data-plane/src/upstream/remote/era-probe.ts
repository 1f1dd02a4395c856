import { verdictOf } from './era-verdict.ts'
import type { Era } from './era-verdict.ts'
import { exchange } from '../http/exchange.ts'
import { modernBody, modernHeaders, GATEWAY_CLIENT } from '../modern/request.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

const maxProbeMs = 10_000

/** Asks a server which era it is of. Rejects with `UpstreamFault` where that cannot be told now. */
async function probeEra(options: RemoteConnection): Promise<Era> {
  const timeoutMs = Math.min(maxProbeMs, options.callTimeoutMs)
  let text = ''
  const answer = await exchange(options.pool, {
    url: options.url,
    method: 'POST',
    headers: { ...(await options.headers.get()), ...modernHeaders('server/discover', {}) },
    body: modernBody({ id: 1, method: 'server/discover', params: {}, client: GATEWAY_CLIENT }),
    maxBytes: options.settings.maxResponseBytes,
    timeoutToHeadersMs: timeoutMs,
    timeoutMs,
    maxEvents: 100,
    onEvent: ({ data }) => {
      text = data
      return data === '' ? undefined : 'stop'
    },
  })
  if (answer.status === 401 || answer.status === 403) options.headers.forget()
  return verdictOf(answer.status, parsed(answer.kind === 'json' ? answer.text : text))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface ProbeTimes {
  /** For so long a verdict is taken as it is. */
  readonly keptMs: number
  /** After a probe that told nothing, the verdict before it stands for so long. */
  readonly againMs: number
  /** However much is doubted, a server is not asked oftener. */
  readonly doubtedMs: number
}

const usual: ProbeTimes = { keptMs: 10 * 60_000, againMs: 60_000, doubtedMs: 5000 }

/** Which era a server is of: said by the administrator, or found out, and found out anew from time to time, since an upgraded server answers the old way for ever. */
export class EraKeeper {
  private readonly options: RemoteConnection
  private readonly horizon: ProbeTimes
  private verdict: Era | undefined
  private untilMs = 0
  private doubtableMs = 0
  private probing: Promise<Era> | undefined

  constructor(options: RemoteConnection, horizon: Partial<ProbeTimes> = {}) {
    this.options = options
    this.horizon = { ...usual, ...horizon }
    const { era } = options.settings
    if (era === 'auto') return
    this.verdict = era === 'legacy' ? 'legacy' : 'modern'
    this.untilMs = Number.POSITIVE_INFINITY
    this.doubtableMs = Number.POSITIVE_INFINITY
  }

  /** The last verdict; undefined before the first. */
  get known(): Era | undefined {
    return this.verdict
  }

  /** Waits only for the first verdict: a later one is sought while the last still serves. */
  get(): Awaitable<Era> {
    if (this.verdict === undefined) return this.probe()
    if (performance.now() >= this.untilMs) this.probe().catch(() => undefined)
    return this.verdict
  }

  /** The server behaves as if it were of the other era: asks again at once. */
  probeAgain(): Awaitable<Era> {
    if (this.verdict !== undefined && performance.now() < this.doubtableMs) return this.verdict
    return this.probe()
  }

  /** Something is odd: the next use asks anew, without waiting. */
  markStale(): void {
    if (performance.now() >= this.doubtableMs) this.untilMs = 0
  }

  private probe(): Promise<Era> {
    this.probing ??= this.ask().finally(() => (this.probing = undefined))
    return this.probing
  }

  private async ask(): Promise<Era> {
    const { id, log } = this.options
    try {
      const verdict = await probeEra(this.options)
      if (verdict !== this.verdict) log('info', 'era of a server', { server: id, era: verdict })
      this.verdict = verdict
      this.untilMs = performance.now() + this.horizon.keptMs
      return verdict
    } catch (error) {
      this.untilMs = performance.now() + this.horizon.againMs
      throw error
    } finally {
      this.doubtableMs = performance.now() + this.horizon.doubtedMs
    }
  }
}
