import { randomBytes } from 'node:crypto'
import type { Timers } from '../../runtime/timers.ts'
import type { RequestExchange } from './request-exchange.ts'
import { INVALID_PARAMS } from './messages/result.ts'
import { UpstreamFault, UpstreamRpcError } from '../upstream.ts'
import type { UpstreamRequest } from '../upstream.ts'

export interface ParkLimits {
  readonly parkMs: number
  readonly max: number
  readonly maxPerPerson: number
}

interface ParkedExchange {
  readonly exchange: RequestExchange
  readonly owner: string
  readonly target: string
  readonly leave: () => void
}

/** Exchanges in which a server waits for a client, each known by a secret that is good once, for its owner, for the same request. */
export class ParkedExchanges {
  private readonly timers: Timers
  private readonly limits: ParkLimits
  private readonly parked = new Map<string, ParkedExchange>()

  constructor(timers: Timers, limits: ParkLimits) {
    this.timers = timers
    this.limits = limits
  }

  /** The `requestState`. A person who leaves too many behind loses the oldest. */
  put(exchange: RequestExchange, request: UpstreamRequest): string {
    const own = [...this.parked].filter(([, { owner }]) => owner === request.person)
    const oldest = own[0]?.[0]
    if (oldest !== undefined && own.length >= this.limits.maxPerPerson) void this.expire(oldest, 'Newer questions took its place.')
    if (this.parked.size >= this.limits.max) {
      void exchange.abandon('Nobody can be asked now.')
      throw new UpstreamFault('rate_limited', 'Too many calls are waiting for an answer.', { retryable: true, hint: 'Try again later.' })
    }
    const id = randomBytes(24).toString('base64url')
    const stop = this.timers.after(this.limits.parkMs, () => void this.expire(id, 'Nobody answered in time.'))
    const parked = { exchange, owner: request.person, target: targetOf(request), leave: stop }
    this.parked.set(id, parked)
    // A legacy client may cancel while it is being asked; a modern one may be gone before it learns the state.
    const forget = request.cancel.subscribe(() => void this.expire(id, 'The client cancelled the request.'))
    parked.leave = () => {
      stop()
      forget()
    }
    return id
  }

  /** Throws for a state that is unknown, used up, another person's or another request's: which of these is not told. */
  take(id: unknown, request: UpstreamRequest): RequestExchange {
    const parked = typeof id === 'string' ? this.parked.get(id) : undefined
    if (!parked || parked.owner !== request.person || parked.target !== targetOf(request)) {
      throw new UpstreamRpcError(INVALID_PARAMS, 'Unknown or expired requestState')
    }
    this.parked.delete(String(id))
    parked.leave()
    return parked.exchange
  }

  async close(): Promise<void> {
    const left = [...this.parked.keys()]
    await Promise.all(left.map((id) => this.expire(id, 'The gateway ends.')))
  }

  private async expire(id: string, reason: string): Promise<void> {
    const parked = this.parked.get(id)
    if (!parked) return
    this.parked.delete(id)
    parked.leave()
    await parked.exchange.abandon(reason)
  }
}

/** What the retry must name again: it was authorised for that alone. */
const targetOf = ({ method, params }: UpstreamRequest): string => JSON.stringify([method, params['name'] ?? params['uri']])
