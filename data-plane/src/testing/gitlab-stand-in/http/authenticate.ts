import type { IncomingHttpHeaders } from 'node:http'
import type { Token } from '../world/people.ts'
import type { World } from '../world/world.ts'
import { Refusal, unauthorized } from './answer.ts'

/** The token that a request carries: `PRIVATE-TOKEN`, or `Authorization: Bearer` (RFC 6750). */
export function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['private-token']
  if (typeof own === 'string') return own
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** Says what GitLab's `lib/api/api_guard.rb` says of tokens that it does not take, in the same order. */
export function authenticate(world: World, value: string | undefined): Token {
  const token = value === undefined ? undefined : world.tokens.find((token) => token.value === value)
  if (!token) throw unauthorized()
  if (token.revoked) throw invalid('Token was revoked. You have to re-authorize from the user.')
  if (token.expiresAt !== undefined && token.expiresAt.getTime() <= Date.now()) {
    throw invalid('Token is expired. You can either do re-authorization or token refresh.')
  }
  if (token.user.state === 'blocked') throw new Refusal(403, { message: '403 Forbidden - Your account has been blocked.' })
  return token
}

interface Need {
  readonly method: string
  readonly anyScope?: true
  readonly readUser?: true
}

export function checkScopes({ scopes }: Token, { method, anyScope, readUser }: Need): void {
  if (anyScope) return
  const enough = method !== 'GET' && method !== 'HEAD' ? ['api'] : ['api', 'read_api', ...(readUser ? ['read_user'] : [])]
  if (scopes.some((scope) => enough.includes(scope))) return
  throw new Refusal(403, {
    error: 'insufficient_scope',
    error_description: 'The request requires higher privileges than provided by the access token.',
    scope: enough.join(' '),
  })
}

const invalid = (reason: string) => new Refusal(401, { error: 'invalid_token', error_description: reason })
