import { decideServer } from '@bir/sdk/contract/decide-server'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import type { ServerOrigin } from '../../aggregate/rewrite-result.ts'
import { nameBook } from '../../aggregate/names/names.ts'
import type { Routes } from '../../aggregate/rewrite-request.ts'
import { TaskAddress, taskLifeMs } from '../../protocol/extensions/tasks.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'sealer' | 'catalogue'>

const kind = 'task'

/** Translates names of `/mcp` back to a server's own, for this person. */
export const routesOf = ({ sealer, catalogue }: Needs, { token, policy }: Call): Routes => ({
  bookOf(server) {
    const entries = catalogue.entries(server, 'prompts/list', policy, token.subject.id) ?? []
    return nameBook(
      server,
      entries.flatMap(({ name }) => (typeof name === 'string' ? [name] : [])),
    )
  },
  openTask(sealed) {
    const opened = TaskAddress.safeParse(sealer.open(kind, token.subject.id, sealed, Date.now()))
    return opened.success ? opened.data : undefined
  },
})

/** What is known of the tasks that a server may mention. */
export interface KnownTasks {
  /** The tool that is being called: its answer may be a task. */
  readonly tool?: string | undefined
  /** Sealed ids that the client has already, by the server's id of the task: they stay the same. */
  readonly sealed?: ReadonlyMap<string, string>
}

/** Translates a server's names to those of `/mcp`, for this person. */
export const serverOrigin = (
  { sealer }: Pick<Ports, 'sealer'>,
  { token, policy, person }: Call,
  server: string,
  { tool, sealed }: KnownTasks = {},
): ServerOrigin => ({
  server,
  sealTask(taskId, ttlMs) {
    const address: TaskAddress = { server, taskId, ...(tool !== undefined && { tool }) }
    return sealed?.get(taskId) ?? sealer.seal(kind, token.subject.id, address, Date.now() + taskLifeMs(ttlMs))
  },
  readable: () => decideServer(policy, person, server, 'read', Date.now()).allow,
})
