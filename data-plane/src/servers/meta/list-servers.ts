import { z } from 'zod'
import type { GatewayView, HealthView, SecretView } from '../../server-kit/gateway-view.ts'
import { meta } from './server.ts'

export const listServers = meta.tool({
  name: 'list_servers',
  description: 'The servers on which you hold a grant: how many of their tools you can use, and whether they answer.',
  level: 'read',
  input: z.strictObject({}),
  output: z.object({
    items: z.array(
      z.object({
        server: z.string(),
        title: z.string(),
        usable_tools: z.int(),
        refused_tools: z.int(),
        state: z.string(),
        speaks: z.string().optional(),
        spared: z.literal(true).optional(),
        last_answer: z.string().optional(),
        latency_ms: z.number().optional(),
        last_error: z.string().optional(),
        last_error_at: z.string().optional(),
        secret: z.string().optional().describe('good, or what is wrong with your secret for the server'),
        secret_of: z.string().optional(),
        secret_expires: z.string().optional(),
        secret_hint: z.string().optional(),
      }),
    ),
    count: z.int(),
  }),
  run: (_args, { gateway }) => grantedServers(gateway),
  text: ({ items }) =>
    items
      .map(
        ({
          server,
          title,
          usable_tools,
          refused_tools,
          state,
          last_answer,
          last_error,
          last_error_at,
          secret,
          secret_expires,
          secret_hint,
        }) =>
          `${server} (${title}): ${usable_tools} usable, ${refused_tools} refused; ${state}` +
          `${labelled('your secret', secret)}${labelled('it expires', secret_expires)}${secret_hint === undefined ? '' : `. ${secret_hint}`}` +
          (state === 'up' ? '' : `${labelled('last answer', last_answer)}${labelled(last_error_at ?? 'error', last_error)}`),
      )
      .join('\n'),
})

/** The servers on which the caller holds a grant. */
export function grantedServers(gateway: GatewayView) {
  const items = gateway.servers().map(({ id, title, tools, health, secret }) => {
    const usable = tools.filter(({ level }) => level !== undefined).length
    return { server: id, title, usable_tools: usable, refused_tools: tools.length - usable, ...healthFacts(health), ...secretFacts(secret) }
  })
  return { items, count: items.length }
}

interface SecretFacts {
  secret?: string
  secret_of?: string
  secret_expires?: string
  secret_hint?: string
}

/** Where to give a secret is said when there is no good one. */
function secretFacts(secret: SecretView | undefined): SecretFacts {
  if (!secret) return {}
  const { state, whose, expiresAtMs, hint } = secret
  return {
    secret: state,
    ...(whose !== undefined && { secret_of: whose }),
    ...(expiresAtMs !== undefined && { secret_expires: new Date(expiresAtMs).toISOString() }),
    ...(state !== 'good' && { secret_hint: hint }),
  }
}

/** The state of a server in the fields of the answer. The text of an error reveals nothing of the internal network. */
function healthFacts({ state, era, breaker, lastSuccessAtMs, latencyMs, lastErrorAtMs, lastErrorSays }: HealthView) {
  return {
    state,
    ...(era !== undefined && { speaks: era }),
    ...(breaker === 'open' && { spared: true as const }),
    ...(lastSuccessAtMs !== undefined && { last_answer: new Date(lastSuccessAtMs).toISOString() }),
    ...(latencyMs !== undefined && { latency_ms: Math.round(latencyMs * 10) / 10 }),
    ...(lastErrorSays !== undefined && { last_error: lastErrorSays }),
    ...(lastErrorAtMs !== undefined && { last_error_at: new Date(lastErrorAtMs).toISOString() }),
  }
}

const labelled = (label: string, text: string | undefined) => (text === undefined ? '' : `, ${label}: ${text}`)
