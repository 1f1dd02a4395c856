import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'

/**
 * For merging and approving, GitLab answers 401 also to people whose token is good but who may not. So this asks
 * whether the token is good, before anyone takes it for a bad one.
 */
export async function notTheToken<T>(api: HttpApi, work: Promise<T>, may: string): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'secret_invalid') throw error
    await api.get(path`/user`, z.object({ id: z.number() }))
    throw new ToolError('not_permitted_upstream', `GitLab does not permit you to ${may}.`, {
      hint: 'Ask for the right in GitLab, or ask somebody who has it.',
    })
  }
}
