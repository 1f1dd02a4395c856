import { seedShop } from '../../testing/gitlab-stand-in/seed-shop.ts'
import { GitLabStandIn } from '../../testing/gitlab-stand-in/stand-in.ts'
import type { SentRequest } from '../../server-kit/http/service.ts'
import type { CallContext } from '../../server-kit/context.ts'
import gitlab from './index.ts'

export interface CallOptions {
  token?: string
  signal?: AbortSignal
  settings?: object
  level?: CallContext['level']
}

/** The server gitlab, as the gateway mounts it, before a stand-in of GitLab with the small shop in it. */
export async function gitlabShop({ prefix = '' } = {}) {
  const standIn = await GitLabStandIn.start({ prefix })
  const tokens = seedShop(standIn.world)
  const sent: SentRequest[] = []
  const context = ({ token = tokens.bob, signal, settings = {}, level = 'destroy' }: CallOptions): CallContext => ({
    caller: { id: 'b0b', handle: 'bob', groups: [] },
    level,
    settings: { url: standIn.url, ...settings },
    secret: { token },
    signal: signal ?? new AbortController().signal,
    tables: () => undefined,
    readSecret: () => Promise.reject(new Error('no secret of the gateway is needed here')),
    sent: (request) => void sent.push(request),
    get gateway(): never {
      throw new Error('not for GitLab')
    },
  })
  return {
    standIn,
    world: standIn.world,
    tokens,
    /** What the calls sent, as the caller's list of calls shows it. */
    sent,
    context,
    /** Calls a tool. Rejects with the ToolError that the gateway would show. */
    async call(tool: string, args: object = {}, options: CallOptions = {}): Promise<Answered> {
      const mounted = gitlab.tools.get(tool)
      if (!mounted) throw new Error(`gitlab has no tool ${tool}`)
      const { content, structuredContent } = await mounted.call(args, context(options))
      const [first] = content as { text?: string }[]
      return { data: structuredContent as Answered['data'], text: first?.text ?? '' }
    },
    [Symbol.asyncDispose]: async () => {
      await gitlab.close()
      await standIn[Symbol.asyncDispose]()
    },
  }
}

interface Answered {
  // oxlint-disable-next-line typescript/no-explicit-any
  data: Record<string, any>
  text: string
}
