import { isObject } from '../json/is-object.ts'
import type { ListenFilter, Notification } from './notification.ts'

/** What a client can subscribe to: a kind of list (`tools`, `prompts`, `resources`), `uri:…` or `task:…`. */
export type ListenKey = string

/** By kind of list, the member of the filter that asks for its changes. */
const filterMembers = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' } as const
type ListKind = keyof typeof filterMembers
const listKinds = Object.keys(filterMembers) as ListKind[]

export function keysOf(filter: unknown): ListenKey[] {
  if (!isObject(filter)) return []
  return [
    ...listKinds.filter((kind) => filter[filterMembers[kind]] === true),
    ...strings(filter['resourceSubscriptions']).map((uri) => `uri:${uri}`),
    ...strings(filter['taskIds']).map((id) => `task:${id}`),
  ]
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [])

export function filterOf(keys: readonly ListenKey[]): ListenFilter {
  const withPrefix = (prefix: string) => keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
  const resourceSubscriptions = withPrefix('uri:')
  const taskIds = withPrefix('task:')
  return {
    ...Object.fromEntries(listKinds.filter((kind) => keys.includes(kind)).map((kind) => [filterMembers[kind], true])),
    ...(resourceSubscriptions.length > 0 && { resourceSubscriptions }),
    ...(taskIds.length > 0 && { taskIds }),
  }
}

/**
 * The keys whose subscribers receive this notification. The updated resource may lie below the one a client
 * subscribed to (MCP 2026-07-28, resources/updated).
 */
export function keysFor({ method, params }: Notification): ListenKey[] {
  const kind = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method)?.[1]
  if (kind !== undefined) return [kind]
  const uri = params?.['uri']
  if (method === 'notifications/resources/updated' && typeof uri === 'string') return ancestorsOf(uri).map((ancestor) => `uri:${ancestor}`)
  const taskId = params?.['taskId']
  return method.startsWith('notifications/tasks') && typeof taskId === 'string' ? [`task:${taskId}`] : []
}

const maxAncestors = 64
/** No client can have subscribed to a longer URI. */
const maxUriLength = 16_384

/** The URI itself and every URI it lies below. */
function ancestorsOf(uri: string): string[] {
  if (uri.length > maxUriLength) return []
  const ancestors = new Set<string>()
  for (const { index } of uri.matchAll(/[/?#]/g)) {
    if (ancestors.size >= 2 * maxAncestors) break
    ancestors.add(uri.slice(0, index)).add(uri.slice(0, index + 1))
  }
  ancestors.add(uri).delete('')
  return [...ancestors]
}

/**
 * What to send the subscribers of `key` after a broken stream, because they may have missed a notification. Undefined
 * for a task: its state is read, not announced.
 */
export function notificationOfKey(key: ListenKey): Notification | undefined {
  if (Object.hasOwn(filterMembers, key)) return { method: `notifications/${key}/list_changed` }
  return key.startsWith('uri:') ? { method: 'notifications/resources/updated', params: { uri: key.slice(4) } } : undefined
}
