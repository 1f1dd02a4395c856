import { isObject } from '../json/is-object.ts'
import { LIST_CHANGES, listChangeOf } from './facts/list-changes.ts'
import type { ListenFilter, Notification } from './notification.ts'

/** What a client can subscribe to: a kind of list (`tools`, `prompts`, `resources`), `uri:…` or `task:…`. */
export type ListenKey = string

export function keysOf(filter: unknown): ListenKey[] {
  if (!isObject(filter)) return []
  return [
    ...LIST_CHANGES.filter(({ wish }) => filter[wish] === true).map(({ kind }) => kind),
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
    ...Object.fromEntries(LIST_CHANGES.filter(({ kind }) => keys.includes(kind)).map(({ wish }) => [wish, true])),
    ...(resourceSubscriptions.length > 0 && { resourceSubscriptions }),
    ...(taskIds.length > 0 && { taskIds }),
  }
}

/**
 * The keys whose subscribers receive this notification. The updated resource may lie below the one a client
 * subscribed to (MCP 2026-07-28, resources/updated).
 */
export function keysFor({ method, params }: Notification): ListenKey[] {
  const change = listChangeOf(method)
  if (change !== undefined) return [change.kind]
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
  const change = LIST_CHANGES.find(({ kind }) => kind === key)
  if (change) return { method: change.method }
  return key.startsWith('uri:') ? { method: 'notifications/resources/updated', params: { uri: key.slice(4) } } : undefined
}
