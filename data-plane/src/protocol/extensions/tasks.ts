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

/**
 * Tasks of the modern era (SEP-2663). The tasks of 2025-11-25 are another feature under the same name; the gateway
 * does not serve them.
 */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

type Capabilities = Readonly<Record<string, unknown>>

/**
 * The content of a sealed task id, as clients get it: the server, its own id of the task, and the tool whose call
 * became the task.
 */
export const TaskAddress = z.object({ server: z.string(), taskId: z.string(), tool: z.string().optional() })
export type TaskAddress = z.infer<typeof TaskAddress>

const hourMs = 60 * 60 * 1000

/**
 * A sealed task id can be opened for at least this long. The ring has eight daily keys. One of them is published two
 * hours before its use, and a plane may be one hour late.
 */
export const MAX_TASK_LIFE_MS = (7 * 24 - 3) * hourMs
/** No id expires sooner. Some servers count the TTL from the end of the work, and a server may lengthen it later. */
const minTaskLifeMs = 24 * hourMs
/** The lifetime of an id when the server named no TTL, or an unlimited one. */
const defaultTaskLifeMs = 7 * 24 * hourMs

/** The lifetime of a task id, given the `ttlMs` that the server set for the task (SEP-2663). */
export const taskLifeMs = (ttlMs: unknown): number =>
  typeof ttlMs === 'number' ? Math.min(Math.max(ttlMs, minTaskLifeMs), MAX_TASK_LIFE_MS) : defaultTaskLifeMs

/** Limits `ttlMs` of a task to the lifetime of its id. The same object when nothing changes. */
export const withKeptTtl = (task: Fields): Fields =>
  typeof task['ttlMs'] === 'number' && task['ttlMs'] > MAX_TASK_LIFE_MS ? withField(task, 'ttlMs', MAX_TASK_LIFE_MS) : task

export function declaresTasks({ extensions }: Capabilities): boolean {
  return isObject(extensions) && Object.hasOwn(extensions, TASKS_EXTENSION)
}

/**
 * The capabilities of a legacy client without tasks. Such a client can neither recognise a task nor poll it, so
 * servers must answer its calls directly, whatever it declares.
 */
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

/** Who may not call the tool any more may not read or control its task either. */
export function decideTask(policy: Policy, person: Person, { server, tool }: TaskAddress, nowMs: number): Verdict {
  return tool === undefined ? decideServer(policy, person, server, 'read', nowMs) : decideFor(policy, person, server, tool, nowMs)
}

/**
 * `tasks/update` may be the input that lets the tool go on, so it requires the tool's level. Reading and cancelling
 * require `read`.
 */
export function taskNeeds(policy: Policy, { server, tool }: TaskAddress, method: string): Level {
  if (method !== 'tasks/update') return 'read'
  return (tool === undefined ? undefined : policy.servers.get(server)?.tools.get(tool)?.level) ?? 'destroy'
}
