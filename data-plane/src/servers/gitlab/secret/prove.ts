import { randomUUID } from 'node:crypto'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { ProveOptions } from '../../../server-kit/secret/define-secret.ts'
import type { GitLabSettings } from '../api/settings.ts'
import { otherKind } from './form.ts'
import { knownToken } from './known-token.ts'
import { Questions, Unanswered } from './questions.ts'
import { owner } from './owner.ts'
import { verdictOf } from './verdict.ts'

const timeoutMs = 10_000

/**
 * Tries a token at GitLab: asks what it is (`/personal_access_tokens/self`, or Doorkeeper for those of OAuth), then
 * whose (`/user`). Both in ten seconds.
 */
export async function prove(
  settings: GitLabSettings,
  { token }: { token: string },
  { signal, readSecret, highestLevel }: ProveOptions,
): Promise<SecretVerdict> {
  const kind = otherKind(token)
  if (kind !== undefined) return { verdict: 'wrong_kind', says: `This looks like ${kind}. ${wanted}` }
  const sender = {
    // Each check waits for itself alone.
    person: `check ${randomUUID()}`,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    readSecret,
  }
  try {
    const questions = new Questions(settings, token, sender)
    const known = await knownToken(questions)
    return verdictOf(known, await owner(questions, known), { settings, highestLevel })
  } catch (error) {
    if (error instanceof Unanswered) return error.verdict
    throw error
  }
}

const wanted = 'Needed is a personal, project or group access token of GitLab, with the scope read_api or api.'
