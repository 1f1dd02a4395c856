import type { Environment } from '../base/environment.ts'
import { CliFault } from '../base/fault.ts'
import { discover } from './discovery.ts'
import { exchange, tokenAnswer } from './exchange.ts'

const marginMs = 30_000

/**
 * Gives a token of a service account for each call of the API (RFC 6749, section 4.4). It is kept until it ends, and
 * in memory alone.
 */
export function serviceAccountToken(
  { nowMs }: Pick<Environment, 'nowMs'>,
  url: string,
  account: { id: string; secret: string },
): () => Promise<string> {
  let kept: { token: string; untilMs: number } | undefined
  return async () => {
    if (kept && nowMs() < kept.untilMs) return kept.token
    const issuer = url.replace(/\/+$/, '')
    const { token_endpoint } = await discover(issuer)
    const form = new URLSearchParams({ grant_type: 'client_credentials', resource: apiOf(issuer) })
    const answer = tokenAnswer(token_endpoint, await exchange(token_endpoint, form, { authorization: basicOf(account) }))
    if ('error' in answer) throw new CliFault(answer.error, `No token for the service account ${account.id}: ${answer.description}`)
    kept = { token: answer.access_token, untilMs: nowMs() + answer.expires_in * 1000 - marginMs }
    return kept.token
  }
}

/** The resource that a token for the control plane's API names. */
export const apiOf = (issuer: string): string => `${issuer}/api`

/** Both are form-encoded before they are joined (RFC 6749, section 2.3.1). */
function basicOf({ id, secret }: { id: string; secret: string }): string {
  const encoded = [id, secret].map((text) => new URLSearchParams({ _: text }).toString().slice(2)).join(':')
  return `Basic ${Buffer.from(encoded).toString('base64')}`
}
