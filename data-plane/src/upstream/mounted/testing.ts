import { z } from 'zod'
import { Sealer } from '../../runtime/sealer.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import { MountedUpstream } from './mounted-upstream.ts'
import type { UpstreamRequest } from '../upstream.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

/** Calls a mounted server as the pipeline would, for one person. The client declares all capabilities by default. */
export function asked(server: MountedServer, context: Partial<CallContext> = {}) {
  const sealer = new Sealer()
  sealer.use([{ kid: 's1', key: Buffer.alloc(32, 7) }])
  const upstream = new MountedUpstream(server, sealer)
  const heard: Notification[] = []

  const request = (method: string, params: Record<string, unknown> = {}, overrides: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
    person: 'alice',
    session: undefined,
    client: { capabilities: { elicitation: {}, sampling: {}, roots: {} }, info: undefined, logLevel: undefined },
    method,
    params,
    onNotification: (notification) => void heard.push(notification),
    cancel: new Cancel(),
    context: aContext(context),
    ...overrides,
  })

  return {
    upstream,
    heard,
    request,
    /** Resolves with the value of the result; rejects when the server throws. */
    async ask(method: string, params: Record<string, unknown> = {}, overrides: Partial<UpstreamRequest> = {}) {
      return Answer.parse((await upstream.request(request(method, params, overrides))).value)
    },
  }
}

/** Loose, because a result on the wire may have other members. */
const Answer = z.looseObject({
  resultType: z.string(),
  inputRequests: z.record(z.string(), z.unknown()).optional(),
  requestState: z.string().optional(),
})

export const facts = (capabilities: Record<string, unknown>, logLevel?: string): ClientFacts => ({
  capabilities,
  info: undefined,
  logLevel,
})

const aContext = (overrides: Partial<CallContext>): CallContext => ({
  caller: { id: 'alice', handle: 'alice', groups: [] },
  level: 'read',
  settings: {},
  secret: undefined,
  signal: new AbortController().signal,
  tables: () => undefined,
  readSecret: async () => '',
  gateway: undefined as never,
  ...overrides,
})
