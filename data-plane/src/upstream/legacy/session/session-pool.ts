import { hash } from 'node:crypto'
import { LegacySession } from './session.ts'
import { LegacySessionStream } from './session-stream.ts'
import type { SessionWire } from '../wire/session-wire.ts'
import type { LegacyWire } from '../wire/wire.ts'
import { UpstreamFault } from '../../upstream.ts'
import type { Asker } from '../../upstream.ts'

export interface PoolLimits {
  readonly idleMs: number
  readonly maxSessions: number
  /** When the pool closes, requests under way have this long to end by themselves. */
  readonly closeWithinMs: number
  readonly streamWithinMs: number
  readonly streamRetryMs: number
}

/** When a client ends its session, requests under way have this long to tell the server that they are cancelled. */
const endWithinMs = 1_000

export interface SessionEntry {
  readonly session: LegacySession
  readonly stream: LegacySessionStream
  /** Called when the session has ended: until then the server may repeat the secrets that the session was sent. */
  readonly releaseSecrets: () => void
}

/**
 * The sessions at one server. A legacy client session has a session of its own. Other clients of a person share one
 * if they declare the same capabilities and name. Two people never share a session.
 */
export class LegacySessionPool {
  private readonly http: LegacyWire
  private readonly wireOfSession: () => SessionWire
  private readonly limits: PoolLimits
  private readonly entries = new Map<string, SessionEntry>()
  private readonly sweepTimer: NodeJS.Timeout

  constructor(http: LegacyWire, limits: PoolLimits, wireOfSession: () => SessionWire) {
    this.http = http
    this.wireOfSession = wireOfSession
    this.limits = limits
    this.sweepTimer = setInterval(() => this.sweep(), Math.max(10, limits.idleMs / 5)).unref()
  }

  for(asker: Asker): SessionEntry {
    const key = keyOf(asker)
    const entry = this.entries.get(key) ?? this.make(asker)
    // Moves the entry to the end, so that the first entry is the least recently used one.
    this.entries.delete(key)
    this.entries.set(key, entry)
    entry.session.touch()
    return entry
  }

  /** The session of the asker, if there is one. */
  find(asker: Asker): SessionEntry | undefined {
    return this.entries.get(keyOf(asker))
  }

  /**
   * Ends the session of the asker, after its requests under way have ended or a short time has passed. Never rejects.
   */
  async end(asker: Asker): Promise<void> {
    const key = keyOf(asker)
    const entry = this.entries.get(key)
    if (!entry) return
    this.entries.delete(key)
    entry.stream.close()
    await entry.session.whenUnused(endWithinMs)
    // A server that is not told will end the session by itself.
    await endEntry(entry).catch(() => undefined)
  }

  async close(): Promise<void> {
    clearInterval(this.sweepTimer)
    const entries = [...this.entries.values()]
    this.entries.clear()
    await Promise.allSettled(
      entries.map(async (entry) => {
        entry.stream.close()
        await entry.session.whenUnused(this.limits.closeWithinMs)
        await endEntry(entry)
      }),
    )
  }

  private make({ client }: Asker): SessionEntry {
    if (this.entries.size >= this.limits.maxSessions) this.makeRoom()
    const session = new LegacySession(this.wireOfSession(), client)
    const stream = new LegacySessionStream(session, this.limits)
    return { session, stream, releaseSecrets: this.http.holdSecrets() }
  }

  private makeRoom(): void {
    for (const [key, entry] of this.entries) if (entry.session.isIdle) return this.drop(key, entry)
    throw new UpstreamFault('rate_limited', 'The MCP server has too many sessions open.', { retryable: true, hint: 'Try again later.' })
  }

  private sweep(): void {
    const idleSinceMs = Date.now() - this.limits.idleMs
    for (const [key, entry] of this.entries) if (entry.session.isIdleSince(idleSinceMs)) this.drop(key, entry)
  }

  private drop(key: string, entry: SessionEntry): void {
    this.entries.delete(key)
    // A server that is not told will end the session by itself.
    endEntry(entry).catch(() => undefined)
  }
}

async function endEntry({ session, stream, releaseSecrets }: SessionEntry): Promise<void> {
  stream.close()
  await session.end().finally(releaseSecrets)
}

function keyOf({ person, session, client: { capabilities, info } }: Asker): string {
  if (session !== undefined) return `${person} ${session}`
  return `${person} as ${hash('sha256', JSON.stringify([capabilities, info]), 'base64url')}`
}
