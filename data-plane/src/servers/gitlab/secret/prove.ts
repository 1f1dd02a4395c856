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
  const fault = impossible(token)
  if (fault !== undefined) return { verdict: 'invalid', says: `${fault} ${wanted}` }
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

/** GitLab's own tokens are far shorter. Others have no place in a header, so nobody can ask GitLab. */
const maxChars = 1_000

function impossible(token: string): string | undefined {
  if (token.length > maxChars) return `This has ${token.length} characters, more than any token of GitLab.`
  const [other] = /[^\x21-\x7e]/u.exec(token) ?? []
  const code = other?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
  return other === undefined ? undefined : `This has a character that no token of GitLab has (U+${code}): copy it again.`
}

const wanted = 'Needed is a personal, project or group access token of GitLab, with the scope read_api or api.'
