import { z } from 'zod'

/** A refusal as GitLab's `lib/api/api_guard.rb` and Doorkeeper word it. */
const Refusal = z.object({
  error: z.string().optional(),
  error_description: z.string().optional(),
  message: z.unknown().optional(),
  scope: z.string().optional(),
})

/** What GitLab says of a token that it does not take. */
export type RefusalWord = 'expired' | 'revoked' | 'impersonation_off' | 'dpop' | 'insufficient_scope' | 'blocked' | 'unknown'

/** `unknown`: it says nothing that is known here. */
export function wordOf(body: unknown): RefusalWord {
  const { data } = Refusal.safeParse(body)
  if (!data) return 'unknown'
  const text = `${data.error_description ?? ''} ${typeof data.message === 'string' ? data.message : ''}`
  if (data.error === 'insufficient_scope') return 'insufficient_scope'
  if (data.error === 'dpop_error' || /\bDPoP\b/i.test(text)) return 'dpop'
  if (/token is expired/i.test(text)) return 'expired'
  if (/token was revoked/i.test(text)) return 'revoked'
  if (/impersonation was disabled/i.test(text)) return 'impersonation_off'
  if (/\b(blocked|deactivated|banned|pending approval|terms of service|not confirmed|expired your password|password expired)\b/i.test(text))
    return 'blocked'
  return 'unknown'
}

/** The scopes that a refusal asks for; GitLab separates them by blanks. */
export function scopesIn(body: unknown): string[] {
  const { data } = Refusal.safeParse(body)
  return (data?.scope ?? '')
    .split(/[\s,]+/)
    .filter((scope) => /^[a-z_]{1,60}$/.test(scope))
    .slice(0, 10)
}
