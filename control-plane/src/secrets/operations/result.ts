import type { SecretResult } from '@bir/sdk/contract/secret-entities'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'

/** What a verdict is to whoever asked for it. */
export function resultOf(verdict: SecretVerdict, more: Partial<SecretResult> & Pick<SecretResult, 'saved'>): SecretResult {
  const { verdict: word, says, owner, scopes, level, expiresAtMs, missing, retryAfterS } = verdict
  return {
    verdict: word,
    says,
    ...(owner && { owner }),
    ...(scopes && { scopes }),
    ...(level && { level }),
    ...(expiresAtMs !== undefined && { expiresAt: new Date(expiresAtMs).toISOString() }),
    ...(missing && { missing }),
    ...(retryAfterS !== undefined && { retryAfterS }),
    ...more,
  }
}
