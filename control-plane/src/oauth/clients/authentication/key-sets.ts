import type { JSONWebKeySet } from 'jose'
import { oauthError, OAuthError } from '../../../base/errors/oauth-error.ts'
import { readKeys } from '../client-keys.ts'
import { isExcepted } from '../document-id.ts'
import { tooOften } from '../../attempts/attempts.ts'
import { FetchFault, FetchLimited } from '../fetch/fetch-fault.ts'
import type { FetchJson } from '../fetch/fetch-json.ts'

interface Known {
  keys: JSONWebKeySet
  fetchedMs: number
}

const freshMs = 5 * 60_000
/** A key that is not in the set makes it be fetched again, at most this often. */
const cooldownMs = 30_000
const maxSets = 1_000

export type KeysAt = (jwksUri: string, options: { metadataHosts: readonly string[]; isRetry: boolean }) => Promise<JSONWebKeySet>

/** The keys at the `jwks_uri` of clients, fetched as metadata documents are, and kept for some minutes. */
export function keySets(fetchJson: FetchJson, nowMs: () => number = Date.now): KeysAt {
  const sets = new Map<string, Known>()
  const underWay = new Map<string, Promise<JSONWebKeySet>>()

  async function fetchKeys(jwksUri: string, isPrivate: boolean): Promise<JSONWebKeySet> {
    const keys = await fetchJson(new URL(jwksUri), { isPrivate })
      .then(({ json }) => readKeys(json))
      .catch((error: unknown) => {
        throw refusalOf(error)
      })
    sets.delete(jwksUri)
    sets.set(jwksUri, { keys, fetchedMs: nowMs() })
    const [oldest] = sets.keys()
    if (sets.size > maxSets && oldest !== undefined) sets.delete(oldest)
    return keys
  }

  return async function keysAt(jwksUri, { metadataHosts, isRetry }) {
    const known = sets.get(jwksUri)
    if (known && nowMs() - known.fetchedMs < (isRetry ? cooldownMs : freshMs)) return known.keys
    const isPrivate = isExcepted(new URL(jwksUri), metadataHosts)
    const key = `${isPrivate} ${jwksUri}`
    const fetching = underWay.get(key) ?? fetchKeys(jwksUri, isPrivate)
    underWay.set(key, fetching)
    try {
      return await fetching
    } finally {
      underWay.delete(key)
    }
  }
}

/** Without the cause, which tells of the network here. */
function refusalOf(error: unknown): unknown {
  if (error instanceof FetchLimited) return tooOften(error.message, error.retryAfterS)
  if (!(error instanceof FetchFault || error instanceof OAuthError)) return error
  const isPassing = error instanceof FetchFault && error.where !== 'content'
  const why = error.message.replace(/\.$/, '')
  return oauthError(isPassing ? 'temporarily_unavailable' : 'invalid_client', `The keys of the client cannot be used: ${why}.`)
}
