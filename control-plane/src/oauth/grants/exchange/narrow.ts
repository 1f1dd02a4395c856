import { oauthError } from '../../../base/errors/oauth-error.ts'
import { LIFE_SECONDS } from '../../issue/access-token.ts'
import type { TokenBounds } from './held.ts'

/** The life of a new token: never longer than what is left of the one that it is made of. */
export function lifeWithin({ expiresAtS }: TokenBounds, nowMs: number): number {
  const leftSeconds = Math.floor(expiresAtS - nowMs / 1000)
  if (leftSeconds < 1) throw oauthError('invalid_grant', 'The subject token is expired.')
  return Math.min(LIFE_SECONDS, leftSeconds)
}
