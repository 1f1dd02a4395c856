import type { DropReason } from '../dropped.ts'
import { isObject } from '../../json/is-object.ts'
import { refusalError } from '../client-refusal.ts'
import { allowsInputRequests, mayAsk } from './messages/server-request.ts'
import { RequestExchange } from './request-exchange.ts'
import type { Outcome } from './request-exchange.ts'
import { ParkedExchanges } from './parked-exchanges.ts'
import { LegacySessionPool } from './session/session-pool.ts'
import { tokenOf } from '../../protocol/progress-token.ts'
import { checkVisited, urlInputRequests } from './messages/url-elicitation.ts'
import { SseWire } from './wire/sse-wire.ts'
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
  /** A session that was not used for this time is ended. */
  readonly idleMs: number
  readonly maxSessions: number
  /** A server waits for a client no longer than this. */
  readonly parkMs: number
  readonly maxParked: number
  readonly maxParkedPerPerson: number
  /** When the upstream closes, calls under way have this long to end by themselves. */
  readonly closeWithinMs: number
  /**
   * A server without a stream says so within this time. Some servers send nothing, not even a status, before their
   * first event: after this time the stream counts as open.
   */
  readonly streamWithinMs: number
  /** A stream that ended is opened again after this time at the earliest; after a longer one each time it fails. */
  readonly streamRetryMs: number
}

export const LEGACY_LIMITS: LegacyLimits = {
  idleMs: 5 * 60_000,
  maxSessions: 2000,
  parkMs: 5 * 60_000,
  maxParked: 200,
  maxParkedPerPerson: 32,
  closeWithinMs: 10_000,
  streamWithinMs: 250,
  streamRetryMs: 500,
}

const inputCapabilities = ['elicitation', 'sampling', 'roots']
const unknownHealth = plainHealth('unknown', 'legacy')

/** Notifications that the gateway itself sends to a server: those of a client are not forwarded. */
const gatewayNotifications = new Set(['notifications/initialized', 'notifications/cancelled'])

/** How a server of revision 2025-11-25 or earlier is spoken to: over Streamable HTTP, or over HTTP+SSE (2024-11-05). */
export type LegacyEra = 'legacy' | 'sse'

/** A server of revision 2025-11-25 or earlier. */
export class LegacyUpstream implements Upstream {
  private readonly era: LegacyEra
  private readonly wire: LegacyWire
  private readonly pool: LegacySessionPool
  private readonly parks: ParkedExchanges

  constructor(options: RemoteConnection, era: LegacyEra = 'legacy', limits: LegacyLimits = LEGACY_LIMITS) {
    const wire = new LegacyWire(options)
    this.era = era
    this.wire = wire
    this.pool = new LegacySessionPool(wire, limits, era === 'sse' ? () => new SseWire(wire) : () => wire)
    this.parks = new ParkedExchanges(options.pool.timers, {
      parkMs: limits.parkMs,
      maxParked: limits.maxParked,
      maxPerPerson: limits.maxParkedPerPerson,
    })
  }

  async request(request: UpstreamRequest): Promise<UpstreamResult> {
    const { inputResponses, requestState, ...params } = request.params
    const answers = isObject(inputResponses) ? inputResponses : {}
    if (!mayAsk(request) || (requestState === undefined && inputResponses === undefined)) return this.begin(request)
    if (requestState !== undefined) {
      const exchange = this.parks.take(requestState, request)
      return this.resultOf(exchange, await exchange.resume(request, answers), request)
    }
    if (request.refusals) throw refusalError(request.refusals)
    checkVisited(answers)
    return this.begin({ ...request, params })
  }

  async describe(asker: Asker): Promise<Description> {
    const openSession = await this.pool.for(asker).session.open()
    const { tasks: _, ...capabilities } = openSession.capabilities
    const { version, serverInfo, instructions } = openSession
    return { era: this.era, version, capabilities, serverInfo, instructions }
  }

  async listen(request: ListenRequest): Promise<Listening> {
    return this.pool.for(request).stream.add(request)
  }

  /** No session is opened only for progress or changed roots: a new session could not know what they are about. */
  async notify(asker: Asker, notification: Notification): Promise<DropReason | undefined> {
    const { method } = notification
    if (gatewayNotifications.has(method)) return 'era-has-none'
    const openSession = this.pool.find(asker)?.session.openIfAny()
    if (!openSession && method === 'notifications/roots/list_changed') return undefined
    if (!openSession && method === 'notifications/progress') return 'unknown-token'
    const { session } = this.pool.for(asker)
    const accepted = await session.during(async () => session.forward(await session.open(), messageOf(notification)))
    return accepted ? undefined : 'not-accepted'
  }

  endSession(asker: Asker): Promise<void> {
    return this.pool.end(asker)
  }

  /** `RemoteUpstream` keeps the health for both eras. */
  health(): UpstreamHealth {
    return unknownHealth
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
      if (mayUseStream(request)) await stream.keepOpen()
      return this.resultOf(exchange, await exchange.run(), request)
    } catch (error) {
      const requests = mayAsk(request) ? urlInputRequests(error, request) : undefined
      if (!requests) throw error
      return assembleObject([inputRequiredType, requests])
    }
  }

  private resultOf(exchange: RequestExchange, outcome: Outcome, request: UpstreamRequest): UpstreamResult {
    if (outcome.kind === 'result') return outcome.result
    const requestState = this.parks.put(exchange, request)
    return { ...assembleObject([inputRequiredType, outcome.requests, ['requestState', requestState, undefined]]), ownState: true }
  }
}

const inputRequiredType: Member = ['resultType', 'input_required', undefined]

/** Whether the server could send this client anything but the result. */
const mayUseStream = (request: UpstreamRequest): boolean => {
  const {
    params,
    client: { capabilities, logLevel },
  } = request
  return (
    allowsInputRequests(request.method) &&
    (logLevel !== undefined || tokenOf(params) !== undefined || inputCapabilities.some((name) => isObject(capabilities[name])))
  )
}
