import { decideFor } from '@bir/sdk/contract/decide'
import type { Verdict } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Level } from '@bir/sdk/contract/level'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { z } from 'zod'
import { withField } from '../../json/edit.ts'
import type { Fields } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'

/** Tasks of the modern era (SEP-2663). Those of 2025-11-25 share their name and nothing else, and are not served. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

type Capabilities = Readonly<Record<string, unknown>>

/** A task as its server knows it, and the tool whose call became it: what the id that a client gets holds, sealed. */
export const TaskAddress = z.object({ server: z.string(), taskId: z.string(), tool: z.string().optional() })
export type TaskAddress = z.infer<typeof TaskAddress>

const hourMs = 60 * 60 * 1000

/** For so long the key that an id was sealed with surely opens it: of eight daily keys one is known two hours ahead of its use, and a plane follows within one. */
export const MAX_TASK_LIFE_MS = (7 * 24 - 3) * hourMs
/** Servers count from the beginning or from the end of the work, and may lengthen what they said: no id is good for less. */
const minTaskLifeMs = 24 * hourMs
/** Where the server said nothing, or for ever. */
const usualTaskLifeMs = 7 * 24 * hourMs

/** How long the id of a task is good, by the server's word: `ttlMs` of the task (SEP-2663). */
export const taskLifeMs = (ttlMs: unknown): number =>
  typeof ttlMs === 'number' ? Math.min(Math.max(ttlMs, minTaskLifeMs), MAX_TASK_LIFE_MS) : usualTaskLifeMs

/** A client is promised a task for no longer than its id is good. The very same object where the server promises no more. */
export const withKeptTtl = (task: Fields): Fields =>
  typeof task['ttlMs'] === 'number' && task['ttlMs'] > MAX_TASK_LIFE_MS ? withField(task, 'ttlMs', MAX_TASK_LIFE_MS) : task

export function declaresTasks({ extensions }: Capabilities): boolean {
  return isObject(extensions) && Object.hasOwn(extensions, TASKS_EXTENSION)
}

/** A legacy client could not tell a task from a result, nor ask after it: whatever it declares, its servers are to answer at once. */
export function withoutTasks(capabilities: Capabilities): Capabilities {
  const { tasks, extensions, ...rest } = capabilities
  if (tasks === undefined && !declaresTasks(capabilities)) return capabilities
  if (!isObject(extensions)) return rest
  const { [TASKS_EXTENSION]: _, ...others } = extensions
  return { ...rest, extensions: others }
}

export const tasksUndeclared = () =>
  new GatewayError('missingCapability', 'the client has not declared tasks', {
    publicMessage: `The client has not declared the extension ${TASKS_EXTENSION}.`,
    data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
  })

/** A task is as good as its tool: who may not call the one any more neither hears of the other nor steers it. */
export function decideTask(policy: Policy, person: Person, { server, tool }: TaskAddress, nowMs: number): Verdict {
  return tool === undefined ? decideServer(policy, person, server, 'read', nowMs) : decideFor(policy, person, server, tool, nowMs)
}

/** An answer may be the word that a tool has waited for; to look, and to stop, changes nothing. */
export function taskNeeds(policy: Policy, { server, tool }: TaskAddress, method: string): Level {
  if (method !== 'tasks/update') return 'read'
  return (tool === undefined ? undefined : policy.servers.get(server)?.tools.get(tool)?.level) ?? 'destroy'
}
