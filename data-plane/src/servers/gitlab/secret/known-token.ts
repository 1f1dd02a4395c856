import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { GITLAB, GITLAB_OAUTH } from '../api/service.ts'
import { Unanswered } from './questions.ts'
import type { Questions } from './questions.ts'

/** What GitLab says of a token itself. */
export interface KnownToken {
  /** Undefined: this GitLab does not tell. */
  readonly scopes: readonly string[] | undefined
  readonly expiresAtMs: number | undefined
}

const Scopes = z.array(z.string().max(200)).max(200)

const AccessToken = z.object({
  scopes: Scopes,
  active: z.boolean(),
  revoked: z.boolean(),
  expires_at: z.string().max(40).nullish(),
})

/** RFC-like answer of Doorkeeper to `/oauth/token/info`. */
const OAuthToken = z.object({ scope: Scopes, expires_in: z.number().nullish() })

/** GitLab before 15.5 answers 404, and 400 for a token that is not an access token but one of OAuth. */
export async function knownToken(questions: Questions): Promise<KnownToken> {
  const { status, body } = await questions.ask(GITLAB, path`/personal_access_tokens/self`, [400, 404])
  if (status === 404) return { scopes: undefined, expiresAtMs: undefined }
  return status === 400 ? oauthToken(questions) : accessToken(parsed(AccessToken, body))
}

async function oauthToken(questions: Questions): Promise<KnownToken> {
  const { body } = await questions.ask(GITLAB_OAUTH, path`/token/info`)
  const { scope, expires_in } = parsed(OAuthToken, body)
  return { scopes: scope, expiresAtMs: typeof expires_in === 'number' ? Date.now() + Math.round(expires_in * 1000) : undefined }
}

/** A token ends when the day of `expires_at` begins (UTC). */
function accessToken({ scopes, active, revoked, expires_at }: z.infer<typeof AccessToken>): KnownToken {
  const expiresAtMs = typeof expires_at === 'string' ? Date.parse(expires_at) : undefined
  if (revoked) throw new Unanswered('invalid', 'The token was revoked. Make a new one in GitLab.')
  if (expiresAtMs !== undefined && expiresAtMs <= Date.now())
    throw new Unanswered('expired', 'The token has expired. Make a new one in GitLab.')
  if (!active) throw new Unanswered('invalid', 'The token is no longer active. Make a new one in GitLab.')
  return { scopes, expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs }
}

export function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const { data, success } = schema.safeParse(body)
  if (success) return data
  throw new Unanswered('service_error', 'The token was not checked: GitLab answered in a form that the gateway does not know.')
}
