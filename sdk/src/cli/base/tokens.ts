import { z } from 'zod'
import { EXIT } from './exit.ts'
import { badUsage, CliFault } from './fault.ts'
import type { Gateway } from './gateway.ts'

const TokenAnswer = z.object({ access_token: z.string(), expires_in: z.number().optional() })
const TokenError = z.object({ error: z.string(), error_description: z.string().optional(), reason: z.string().optional() })

export interface PersonToken {
  token: string
  resource: string
  expiresAt: string
}

/** The resource that a token is for: the control plane's API, or MCP on one server or on all. */
export type Purpose = 'api' | { server: string | undefined }

/** The longest life that the gateway gives a token. */
const maxTtlMs = 30 * 86_400_000

/** Gets a token to act as one person, with an assertion of the embedded gateway's operator (RFC 7523). */
export async function personToken(
  { embedded, mcpUrl }: Gateway,
  { person, purpose, ttlMs, nowMs }: { person: string; purpose: Purpose; ttlMs: number; nowMs: number },
): Promise<PersonToken> {
  if (!embedded || !mcpUrl) {
    throw new CliFault(
      'not_embedded',
      'Only an embedded gateway (stage local) gives tokens to its operator: run this beside "npm start", without BIR_URL.',
    )
  }
  const server = purpose === 'api' ? undefined : purpose.server
  const mcp = server === undefined ? mcpUrl : `${mcpUrl}/${server}`
  if (ttlMs > maxTtlMs) throw badUsage('--ttl is at most 30d: a token lives no longer.')
  const resource = purpose === 'api' ? `${embedded.issuer}/api` : mcp
  const url = `${embedded.issuer}/oauth/token`
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await embedded.operator.signAssertion(person, { method: 'POST', url }),
    resource,
    requested_token_lifetime: String(Math.ceil(ttlMs / 1000)),
  })
  const { access_token: token, expires_in: seconds = Math.ceil(ttlMs / 1000) } = await post(url, form, {
    unknown_person: `There is no person ${person}.`,
    invalid_target: `There is no server ${server ?? 'at that address'}.`,
  })
  return { token, resource, expiresAt: new Date(nowMs + seconds * 1000).toISOString() }
}

/** `notFoundMessages`: the message for each reason of the gateway that means a named thing does not exist. */
async function post(address: string, body: URLSearchParams, notFoundMessages: Record<string, string>) {
  const { ok, status, answer } = await send(address, body)
  const granted = TokenAnswer.safeParse(answer)
  if (ok && granted.success) return granted.data
  const refused = TokenError.safeParse(answer)
  if (!refused.success) throw new CliFault('internal', `${address} answered ${status}, and not as a gateway would.`)
  const { error, error_description: description = error, reason = error } = refused.data
  const notFound = notFoundMessages[reason]
  if (notFound !== undefined) throw new CliFault('not_found', notFound, { exit: EXIT.badInput })
  throw new CliFault(error, `No token: ${description}`, { exit: error === 'invalid_request' ? EXIT.badInput : EXIT.failed })
}

async function send(address: string, body: URLSearchParams) {
  try {
    const response = await fetch(address, { method: 'POST', body, signal: AbortSignal.timeout(30_000) })
    const answer: unknown = await response.json().catch(() => undefined)
    return { ok: response.ok, status: response.status, answer }
  } catch (cause) {
    throw new CliFault('unavailable', `The gateway does not answer at ${new URL(address).origin}.`, { cause })
  }
}
