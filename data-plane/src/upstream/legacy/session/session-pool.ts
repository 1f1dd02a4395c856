import { hash } from 'node:crypto'
import { LegacySession } from './session.ts'
import { LegacySessionStream } from './session-stream.ts'
import type { LegacyWire } from '../wire/wire.ts'
import { UpstreamFault } from '../../upstream.ts'
import type { Asker } from '../../upstream.ts'

export interface PoolLimits {
  readonly idleMs: number
  readonly max: number
  /** Requests under way may end by themselves for so long. */
  readonly closeWithinMs: number
  readonly streamWithinMs: number
}

/** What is under way in a session that its client ended is told so first. */
const endWithinMs = 1_000

export interface SessionEntry {
  readonly session: LegacySession
  readonly stream: LegacySessionStream
}

/** The sessions at one server: one for each legacy client session, else one for each way a person's clients declare themselves. Never two people's. */
export class LegacySessionPool {
  private readonly wire: LegacyWire
  private readonly limits: PoolLimits
  private readonly seats = new Map<string, SessionEntry>()
  private readonly sweeping: NodeJS.Timeout

  constructor(wire: LegacyWire, limits: PoolLimits) {
    this.wire = wire
    this.limits = limits
    this.sweeping = setInterval(() => this.sweep(), Math.max(10, limits.idleMs / 5)).unref()
  }

  for(asker: Asker): SessionEntry {
    const key = keyOf(asker)
    const seat = this.seats.get(key) ?? this.make(asker)
    // Moved to the end: the first is the one longest unused.
    this.seats.delete(key)
    this.seats.set(key, seat)
    seat.session.usedAtMs = Date.now()
    return seat
  }

  /** The session the asker has, if there is one. */
  known(asker: Asker): SessionEntry | undefined {
    return this.seats.get(keyOf(asker))
  }

  /** Ends the asker's session, once what was under way in it has let go, or soon after. Never rejects. */
  async end(asker: Asker): Promise<void> {
    const key = keyOf(asker)
    const seat = this.seats.get(key)
    if (!seat) return
    this.seats.delete(key)
    seat.stream.close()
    await seat.session.whenUnused(endWithinMs)
    await end(seat).catch(() => undefined) // the server will notice by itself
  }

  async close(): Promise<void> {
    clearInterval(this.sweeping)
    const seats = [...this.seats.values()]
    this.seats.clear()
    await Promise.allSettled(
      seats.map(async (seat) => {
        seat.stream.close()
        await seat.session.whenUnused(this.limits.closeWithinMs)
        await end(seat)
      }),
    )
  }

  private make({ client }: Asker): SessionEntry {
    if (this.seats.size >= this.limits.max) this.makeRoom()
    const session = new LegacySession(this.wire, client)
    return { session, stream: new LegacySessionStream(session, this.limits.streamWithinMs) }
  }

  private makeRoom(): void {
    for (const [key, seat] of this.seats) if (seat.session.isIdle) return this.drop(key, seat)
    throw new UpstreamFault('rate_limited', 'The MCP server has too many sessions open.', { retryable: true, hint: 'Try again later.' })
  }

  private sweep(): void {
    const before = Date.now() - this.limits.idleMs
    for (const [key, seat] of this.seats) if (seat.session.isIdle && seat.session.usedAtMs < before) this.drop(key, seat)
  }

  private drop(key: string, seat: SessionEntry): void {
    this.seats.delete(key)
    end(seat).catch(() => undefined) // the server will notice by itself
  }
}

async function end({ session, stream }: SessionEntry): Promise<void> {
  stream.close()
  await session.end()
}

function keyOf({ person, session, client: { capabilities, info } }: Asker): string {
  if (session !== undefined) return `${person} ${session}`
  return `${person} as ${hash('sha256', JSON.stringify([capabilities, info]), 'base64url')}`
}
