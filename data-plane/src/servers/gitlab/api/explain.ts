import { ToolError } from '@bir/sdk/contract/errors'
import type { HttpAnswer } from '../../../server-kit/http/answer.ts'
import { scopesIn, wordOf } from './refusal-words.ts'

/** What an answer of GitLab means, where its body says more than its status. */
export function explain({ status }: HttpAnswer, body: unknown): ToolError | undefined {
  const word = wordOf(body)
  if (status === 401 && word === 'expired')
    return new ToolError('secret_expired', 'Your token for GitLab has expired.', {
      hint: 'Make a new one in GitLab, and give it to the gateway.',
    })
  if (status === 401 && word === 'revoked')
    return new ToolError('secret_invalid', 'Your token for GitLab was revoked.', {
      hint: 'Make a new one in GitLab, and give it to the gateway.',
    })
  if (word === 'insufficient_scope') return scopeMissing(scopesIn(body))
  return status === 404 ? missing(body) : undefined
}

function scopeMissing(scopes: readonly string[]): ToolError {
  const names = scopes.length === 0 ? 'a scope' : `the scope ${scopes.join(' or ')}`
  return new ToolError('scope_missing', `Your token for GitLab lacks ${names} for this.`, {
    hint: 'Make a token with this scope in GitLab, and give it to the gateway.',
  })
}

/** What GitLab names in `404 Project Not Found`. Of other words the general sentence knows as much. */
const things =
  /^404 (Project|Group|User|File|Commit|Tree|Branch|Tag|Issue|Merge Request|Pipeline|Job|Discussion|Reference|Milestone) Not Found/i

function missing(body: unknown): ToolError | undefined {
  const message = (body as { message?: unknown } | undefined)?.message
  const thing = typeof message === 'string' ? things.exec(message)?.[1]?.toLowerCase() : undefined
  if (thing === undefined) return undefined
  return new ToolError('not_found', `The ${thing} was not found, or it is not visible with your token.`, {
    hint: 'Check the names and numbers in the arguments; list and search tools show what you may see.',
  })
}
