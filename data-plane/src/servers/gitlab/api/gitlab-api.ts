import { ToolError } from '@bir/sdk/contract/errors'
import type { FieldsOf } from '../../../server-kit/secret/define-secret.ts'
import type { HandlerContext } from '../../../server-kit/typed-context.ts'
import { HttpApi } from '../../../server-kit/http/api.ts'
import { httpService } from '../../../server-kit/http/service.ts'
import { explain } from './explain.ts'
import { authorization, GITLAB } from './service.ts'
import type { GitLabSettings } from './settings.ts'

export type GitLabContext = Pick<
  HandlerContext<GitLabSettings, FieldsOf<'token'>>,
  'settings' | 'secret' | 'caller' | 'signal' | 'readSecret' | 'sent' | 'level'
>

/** GitLab's API v4 for one call, with the caller's token. */
export const api = (context: GitLabContext): HttpApi =>
  new HttpApi({
    service: httpService(GITLAB, context.settings),
    sender: {
      person: context.caller.id,
      signal: context.signal,
      readSecret: (ref) => context.readSecret(ref),
      onSent: (request) => context.sent(request),
    },
    headers: () => authorization(context.secret.token),
    hidden: [context.secret.token],
    explain,
  })

/**
 * A part of an answer that some editions or rights do not have: undefined where GitLab does not find or permit it.
 * Name it in `unavailable`.
 */
export async function optional<T>(part: Promise<T>): Promise<T | undefined> {
  try {
    return await part
  } catch (error) {
    if (error instanceof ToolError && (error.code === 'not_found' || error.code === 'not_permitted_upstream')) return undefined
    throw error
  }
}
