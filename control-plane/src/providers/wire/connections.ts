import { ProviderFault } from '../faults/provider-fault.ts'
import { discover } from './discover.ts'
import type { Connection, Issuer } from './discover.ts'
import type { ProviderFetch } from './provider-fetch.ts'

interface Known {
  connection: Connection | undefined
  connectedAtMs: number
  /** The last failure, until a success. */
  failure: { fault: ProviderFault; atMs: number; count: number } | undefined
  pending: Promise<Connection> | undefined
}

const freshMs = 10 * 60_000
/** A provider whose documents cannot be read now is used as it was, so long. */
const staleMs = 24 * 60 * 60_000
const maxPauseMs = 15_000
/** 1 s, 2 s, 4 s, … */
const pauseAfter = (failures: number) => Math.min(maxPauseMs, 500 * 2 ** failures)

export type ConnectionOf = (provider: Issuer) => Promise<Connection>

/**
 * Keeps the documents of providers, and reads them again when they are older than 10 minutes. A provider that cannot be
 * reached is asked again after a second, then more and more seldom: waiting people do not flood it.
 */
export function createConnections(fetchOf: (provider: string) => ProviderFetch, nowMs: () => number = Date.now): ConnectionOf {
  const byIssuer = new Map<string, Known>()

  return async function connectionOf(provider) {
    const known = byIssuer.get(provider.issuer) ?? { connection: undefined, connectedAtMs: 0, failure: undefined, pending: undefined }
    byIssuer.set(provider.issuer, known)
    const { failure } = known
    const ageMs = nowMs() - known.connectedAtMs
    const connection = ageMs < staleMs ? known.connection : undefined
    if (connection && ageMs < freshMs) return connection
    if (failure && nowMs() - failure.atMs < pauseAfter(failure.count)) {
      if (connection) return connection
      throw failure.fault
    }
    known.pending ??= renew(provider, known)
    // The old documents do for this sign-in. When they are too old, a failure is told.
    known.pending.catch(() => undefined)
    return connection ?? known.pending
  }

  async function renew(provider: Issuer, known: Known): Promise<Connection> {
    try {
      known.connection = await discover(provider, fetchOf(provider.handle))
      known.connectedAtMs = nowMs()
      known.failure = undefined
      return known.connection
    } catch (error) {
      if (error instanceof ProviderFault) known.failure = { fault: error, atMs: nowMs(), count: (known.failure?.count ?? 0) + 1 }
      throw error
    } finally {
      known.pending = undefined
    }
  }
}
