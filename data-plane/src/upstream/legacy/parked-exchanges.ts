import { randomBytes } from 'node:crypto'
import { unawaited } from '../../runtime/awaitable.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { RequestExchange } from './request-exchange.ts'
import { INVALID_PARAMS } from '../../protocol/facts/rpc-codes.ts'
import { UpstreamFault, UpstreamRpcError } from '../upstream.ts'
import type { UpstreamRequest } from '../upstream.ts'

export interface ParkLimits {
  readonly parkMs: number
  readonly maxParked: number
  readonly maxPerPerson: number
}

interface ParkedExchange {
  readonly exchange: RequestExchange
  readonly owner: string
  readonly target: string
  readonly stopWaiting: () => void
}

/**
 * Exchanges in which a server waits for a client. Each has a random id, its `requestState`, which is valid once, and
 * only for the same person and the same request.
 */
export class ParkedExchanges {
  private readonly timers: Timers
  private readonly limits: ParkLimits
  private readonly parked = new Map<string, ParkedExchange>()

  constructor(timers: Timers, limits: ParkLimits) {
    this.timers = timers
    this.limits = limits
  }

  /** Parks an exchange and returns its `requestState`. A person who has too many parked loses the oldest. */
  put(exchange: RequestExchange, request: UpstreamRequest): string {
    const ofPerson = [...this.parked].filter(([, { owner }]) => owner === request.person)
    const oldest = ofPerson[0]?.[0]
    if (oldest !== undefined && ofPerson.length >= this.limits.maxPerPerson)
      unawaited(this.expire(oldest, 'Newer questions took its place.'))
    if (this.parked.size >= this.limits.maxParked) {
      unawaited(exchange.abandon('Nobody can be asked now.'))
      throw new UpstreamFault('rate_limited', 'Too many calls are waiting for an answer.', { retryable: true, hint: 'Try again later.' })
    }
    const id = randomBytes(24).toString('base64url')
    const stopTimer = this.timers.after(this.limits.parkMs, () => unawaited(this.expire(id, 'Nobody answered in time.')))
    const parked = { exchange, owner: request.person, target: targetOf(request), stopWaiting: stopTimer }
    this.parked.set(id, parked)
    // A legacy client may cancel while it is asked. A modern client may go away before it receives the state.
    const unsubscribe = request.cancel.subscribe(() => unawaited(this.expire(id, 'The client cancelled the request.')))
    parked.stopWaiting = () => {
      stopTimer()
      unsubscribe()
    }
    return id
  }

  /** Throws when the state is unknown, used, of another person or of another request. The error does not say which. */
  take(id: unknown, request: UpstreamRequest): RequestExchange {
    const parked = typeof id === 'string' ? this.parked.get(id) : undefined
    if (!parked || parked.owner !== request.person || parked.target !== targetOf(request)) {
      throw new UpstreamRpcError(INVALID_PARAMS, 'Unknown or expired requestState')
    }
    this.parked.delete(String(id))
    parked.stopWaiting()
    return parked.exchange
  }

  async close(): Promise<void> {
    const ids = [...this.parked.keys()]
    await Promise.all(ids.map((id) => this.expire(id, 'The gateway ends.')))
  }

  private async expire(id: string, reason: string): Promise<void> {
    const parked = this.parked.get(id)
    if (!parked) return
    this.parked.delete(id)
    parked.stopWaiting()
    await parked.exchange.abandon(reason)
  }
}

/** The method and the name or URI. The retry must have the same, because the call was authorised only for that. */
const targetOf = ({ method, params }: UpstreamRequest): string => JSON.stringify([method, params['name'] ?? params['uri']])
