import type { Level } from '@bir/sdk/contract/level'
import type { SecretOwner, SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { GitLabSettings } from '../api/settings.ts'
import type { KnownToken } from './known-token.ts'

interface Purpose {
  readonly settings: GitLabSettings
  readonly highestLevel: Level | undefined
}

/** The verdict on a token that GitLab takes, and that may read. */
export function verdictOf({ scopes, expiresAtMs }: KnownToken, owner: SecretOwner, { highestLevel }: Purpose): SecretVerdict {
  const base = { verdict: 'ok', owner, ...(expiresAtMs !== undefined && { expiresAtMs }) } as const
  if (!scopes) return { ...base, says: `The token is ${owner.login}'s. This GitLab does not tell its scopes.` }
  const level = scopes.includes('api') ? 'destroy' : 'read'
  const excess = excessOf(scopes, highestLevel)
  const all = scopes.join(', ')
  const surplus = excess.length === 0 ? '' : ` It may more than any tool here needs: ${excess.join(', ')}.`
  return {
    ...base,
    says: `The token is ${owner.login}'s, with the scopes ${all}.${surplus}`.slice(0, 1000),
    scopes: [...scopes],
    level,
    excess,
  }
}

/** Every scope but those that the tools up to this level need. `read_user` is a part of them. */
function excessOf(scopes: readonly string[], highestLevel: Level = 'destroy'): string[] {
  const needed = highestLevel === 'read' ? ['read_api', 'read_user'] : ['api', 'read_api', 'read_user']
  return scopes.filter((scope) => !needed.includes(scope))
}
