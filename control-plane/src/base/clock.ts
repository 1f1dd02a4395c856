import { MAX_CLOCK_OFF_MS } from '@bir/sdk/contract/internal'
import { errors } from 'jose'

const timeClaims = new Set(['iat', 'exp', 'nbf'])

/**
 * How far the clock of whoever signed a token is ahead of ours (below 0: behind), if that is why the token was refused.
 * jose looks at the times only after the signature. An old token looks as if its signer's clock were behind.
 */
export function clockOffOf(error: unknown, nowMs: number): number | undefined {
  if (!(error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)) return undefined
  const { iat } = error.payload
  if (!timeClaims.has(error.claim) || typeof iat !== 'number') return undefined
  const offMs = iat * 1000 - nowMs
  return Math.abs(offMs) > MAX_CLOCK_OFF_MS ? offMs : undefined
}

/** A clause that names the clock and the time here. */
export function clockText(whose: string, offMs: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(offMs) / 1000)
  const here = `here it is ${new Date(nowMs).toISOString()}`
  if (offMs > 0) return `the clock of ${whose} is ${seconds} s ahead of the control plane's (${here}): set it`
  return `the clock of ${whose} is ${seconds} s behind the control plane's (${here}), or this was signed that long ago: set the clock`
}
