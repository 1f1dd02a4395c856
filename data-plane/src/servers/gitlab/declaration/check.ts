import { z } from 'zod'
import { ToolError } from '@bir/sdk/contract/errors'
import type { CheckStep } from '../../../server-kit/gateway-view.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import type { GitLabContext } from '../api/gitlab-api.ts'
import { prove } from '../secret/prove.ts'

/** The token, and one cheap read with it. */
export async function check(context: GitLabContext): Promise<CheckStep[]> {
  const { settings, secret, signal } = context
  const token = await step('try your token', async () => {
    const verdict = await prove(settings, secret, { signal, readSecret: (ref) => context.readSecret(ref) })
    return { ok: verdict.verdict === 'ok', detail: verdict.says }
  })
  if (!token.ok) return [token]
  const version = z.object({
    version: z
      .string()
      .max(40)
      .regex(/^[\w.+-]+$/),
  })
  const read = await step('ask for its version', async () => ({
    ok: true,
    detail: `GitLab ${(await api(context).get(path`/version`, version)).version}`,
  }))
  return [token, read]
}

async function step(name: string, work: () => Promise<{ ok: boolean; detail: string }>): Promise<CheckStep> {
  const startedMs = performance.now()
  const { ok, detail } = await work().catch((error: unknown) => {
    if (error instanceof ToolError) return { ok: false, detail: error.message }
    throw error
  })
  return { step: name, ok, detail, durationMs: performance.now() - startedMs }
}
