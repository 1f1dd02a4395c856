import { createHash } from 'node:crypto'
import type { TokenEndpoint } from './token-endpoint.ts'

interface Entry {
  token: Promise<string>
  /** Zero while the token is on its way. */
  untilMs: number
}

interface Options {
  endpoint: Pick<TokenEndpoint, 'renew'>
  nowMs?: () => number
  maxEntries?: number
}

/** A token that is good for less than this is fetched anew, so that none expires on its way. */
const marginMs = 60_000

/**
 * The access tokens of sessions, in the memory of this process alone. Who needs a token that is being fetched waits for
 * that one. The tokens that were used least lately go when there are too many.
 */
export function createAccessTokens({ endpoint, nowMs = Date.now, maxEntries = 10_000 }: Options) {
  const entries = new Map<string, Entry>()

  function fetchToken(key: string, handle: string, resource: string): Promise<string> {
    const entry: Entry = { token: Promise.resolve(''), untilMs: 0 }
    const askedMs = nowMs()
    entry.token = endpoint.renew(handle, resource).then(
      ({ access_token, expires_in }) => {
        entry.untilMs = askedMs + expires_in * 1000 - marginMs
        return access_token
      },
      (error: unknown) => {
        drop(key, entry)
        throw error
      },
    )
    keep(key, entry)
    return entry.token
  }

  /** The newest stand last. */
  function keep(key: string, entry: Entry): void {
    entries.delete(key)
    entries.set(key, entry)
    const [oldest] = entries.keys()
    if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest)
  }

  function drop(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key)
  }

  return {
    /** A token of the session with this handle, for this resource. Throws `SessionEnded` or `GatewayAway`. */
    async get(handle: string, resource: string): Promise<string> {
      const key = keyOf(handle, resource)
      const entry = entries.get(key)
      if (!entry) return fetchToken(key, handle, resource)
      if (entry.untilMs !== 0 && entry.untilMs <= nowMs()) return fetchToken(key, handle, resource)
      keep(key, entry)
      return entry.token
    },
    /** Keeps a token that came with the sign-in. */
    put(handle: string, resource: string, { access_token: token, expires_in: lifeS }: { access_token: string; expires_in: number }): void {
      keep(keyOf(handle, resource), { token: Promise.resolve(token), untilMs: nowMs() + lifeS * 1000 - marginMs })
    },
    /** The gateway refused this token: the next one is fetched. One that came meanwhile stays. */
    async refused(handle: string, resource: string, token: string): Promise<void> {
      const key = keyOf(handle, resource)
      const entry = entries.get(key)
      if (entry && (await entry.token.catch(() => undefined)) === token) drop(key, entry)
    },
    /** Forgets the tokens of a session. */
    forget(handle: string): void {
      const prefix = keyOf(handle, '')
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key)
    },
    get size(): number {
      return entries.size
    },
  }
}

/** The handle itself is not kept. */
const keyOf = (handle: string, resource: string) => `${createHash('sha256').update(handle).digest('base64url')} ${resource}`
