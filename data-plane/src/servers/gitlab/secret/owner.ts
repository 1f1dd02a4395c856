import type { SecretOwner } from '@bir/sdk/contract/secret-verdict'
import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { GITLAB } from '../api/service.ts'
import { parsed } from './known-token.ts'
import type { KnownToken } from './known-token.ts'
import { lacksReading, Unanswered } from './questions.ts'
import type { Questions } from './questions.ts'

const User = z.object({
  username: z.string().min(1).max(255),
  name: z.string().max(255).nullish(),
  email: z.string().max(320).nullish(),
  state: z.string().optional(),
})

/** Whose the token is. For the tokens of projects and groups that is a user which GitLab makes for them. */
export async function owner(questions: Questions, { scopes }: KnownToken): Promise<SecretOwner> {
  if (scopes && !scopes.includes('api') && !scopes.includes('read_api')) throw lacksReading()
  const { body } = await questions.ask(GITLAB, path`/user`)
  const { username, name, email, state } = parsed(User, body)
  if (state !== undefined && state !== 'active')
    throw new Unanswered('invalid', 'GitLab does not let the token’s owner in: the account is not active. Ask an administrator of GitLab.')
  return { login: username, ...(name && { name }), ...(email && { email }) }
}
