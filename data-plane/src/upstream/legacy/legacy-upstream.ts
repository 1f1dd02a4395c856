import type { DropReason } from '../dropped.ts'
import { isObject } from '../../json/is-object.ts'
import { refusalError } from '../client-refusal.ts'
import { usualCapabilities, mayAsk } from './messages/server-request.ts'
import { RequestExchange } from './request-exchange.ts'
import type { Outcome } from './request-exchange.ts'
import { ParkedExchanges } from './parked-exchanges.ts'
import { LegacySessionPool } from './session/session-pool.ts'
import { tokenOf } from '../../protocol/progress-token.ts'
import { checkVisited, visitFirst } from './messages/url-elicitation.ts'
import { LegacyWire } from './wire/wire.ts'
import type { RemoteConnection } from '../http/connection.ts'
import { assembleObject } from '../../json/verbatim.ts'
import type { Member } from '../../json/verbatim.ts'
import type {
  Asker,
  Description,
  Listening,
  ListenRequest,
  Upstream,
  UpstreamHealth,
  UpstreamRequest,
  UpstreamResult,
} from '../upstream.ts'
import { plainHealth } from '../upstream.ts'
import { messageOf } from '../../protocol/notification.ts'
import type { Notification } from '../../protocol/notification.ts'

export interface LegacyLimits {
  /** After this long without use a session at the server is ended. */
  readonly idleMs: number
  readonly maxSessions: number
  /** How long a server may be kept waiting for a client. */
  readonly parkMs: number
  readonly maxParked: number
  readonly maxParkedPerPerson: number
  /** When closed, calls under way may end by themselves for so long. */
  readonly closeWithinMs: number
  /**
   * A server that has no stream says so at once; some servers send nothing, not even a status, before they have
   * something to say.
   */
  readonly streamWithinMs: number
}

export const LEGACY_LIMITS: LegacyLimits = {
  idleMs: 5 * 60_000,
  maxSessions: 2000,
  parkMs: 5 * 60_000,
  maxParked: 200,
  maxParkedPerPerson: 32,
  closeWithinMs: 10_000,
  streamWithinMs: 250,
}

const askable = ['elicitation', 'sampling', 'roots']
const unknown = plainHealth('unknown', 'legacy')

/** Notifications that are the gateway's own business towards a server. */
const own = new Set(['notifications/initialized', 'notifications/cancelled'])

/** A server of revisions 2025-11-25 and before, over Streamable HTTP. */
export class LegacyUpstream implements Upstream {
  private readonly wire: LegacyWire
  private readonly pool: LegacySessionPool
  private readonly parks: ParkedExchanges

  constructor(options: RemoteConnection, limits: LegacyLimits = LEGACY_LIMITS) {
    this.wire = new LegacyWire(options)
    const { idleMs, maxSessions: max, closeWithinMs, streamWithinMs } = limits
    this.pool = new LegacySessionPool(this.wire, { idleMs, max, closeWithinMs, streamWithinMs })
    this.parks = new ParkedExchanges(options.pool.timers, {
      parkMs: limits.parkMs,
      max: limits.maxParked,
      maxPerPerson: limits.maxParkedPerPerson,
    })
  }

  async request(request: UpstreamRequest): Promise<UpstreamResult> {
    const { inputResponses, requestState, ...params } = request.params
    const answers = isObject(inputResponses) ? inputResponses : {}
    if (!mayAsk(request) || (requestState === undefined && inputResponses === undefined)) return this.begin(request)
    if (requestState !== undefined) {
      const exchange = this.parks.take(requestState, request)
      return this.settled(exchange, await exchange.resume(request, answers), request)
    }
    if (request.refusals) throw refusalError(request.refusals)
    checkVisited(answers)
    return this.begin({ ...request, params })
  }

  async describe(asker: Asker): Promise<Description> {
    const live = await this.pool.for(asker).session.open()
    const { tasks: _, ...capabilities } = live.capabilities
    const { version, serverInfo, instructions } = live
    return { era: 'legacy', version, capabilities, serverInfo, instructions }
  }

  async listen(request: ListenRequest): Promise<Listening> {
    return this.pool.for(request).stream.add(request)
  }

  /** A session opened to be told of progress or of new roots would not know what that is about. */
  async notify(asker: Asker, notification: Notification): Promise<DropReason | undefined> {
    const { method } = notification
    if (own.has(method)) return 'era-has-none'
    const opened = this.pool.known(asker)?.session.opened()
    if (!opened && method === 'notifications/roots/list_changed') return undefined
    if (!opened && method === 'notifications/progress') return 'unknown-token'
    const { session } = this.pool.for(asker)
    const taken = await session.during(async () => session.pass(await session.open(), messageOf(notification)))
    return taken ? undefined : 'not-accepted'
  }

  endSession(asker: Asker): Promise<void> {
    return this.pool.end(asker)
  }

  /** Kept by who knows of both eras. */
  health(): UpstreamHealth {
    return unknown
  }

  async close(): Promise<void> {
    await this.parks.close()
    await this.pool.close()
    await this.wire.close()
  }

  private async begin(request: UpstreamRequest): Promise<UpstreamResult> {
    const { session, stream } = this.pool.for(request)
    const exchange = new RequestExchange(session, request)
    try {
      if (mayUseStream(request)) await stream.keep()
      return this.settled(exchange, await exchange.run(), request)
    } catch (error) {
      const requests = mayAsk(request) ? visitFirst(error, request) : undefined
      if (!requests) throw error
      return assembleObject([inputRequired, requests])
    }
  }

  private settled(exchange: RequestExchange, outcome: Outcome, request: UpstreamRequest): UpstreamResult {
    if (outcome.kind === 'result') return outcome.result
    const requestState = this.parks.put(exchange, request)
    return { ...assembleObject([inputRequired, outcome.requests, ['requestState', requestState, undefined]]), ownState: true }
  }
}

const inputRequired: Member = ['resultType', 'input_required', undefined]

/** Whether the server could have anything to say to this client beside the result. */
const mayUseStream = (request: UpstreamRequest): boolean => {
  const {
    params,
    client: { capabilities, logLevel },
  } = request
  return (
    usualCapabilities(request.method) &&
    (logLevel !== undefined || tokenOf(params) !== undefined || askable.some((name) => isObject(capabilities[name])))
  )
}
