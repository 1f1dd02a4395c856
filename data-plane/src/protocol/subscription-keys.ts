import { isObject } from '../json/is-object.ts'
import type { ListenFilter, Notification } from './notification.ts'

/** One thing that can be listened to: `tools`, `prompts`, `resources`, `uri:…` or `task:…`. */
export type ListenKey = string

const lists = { tools: 'toolsListChanged', prompts: 'promptsListChanged', resources: 'resourcesListChanged' } as const
type List = keyof typeof lists
const listNames = Object.keys(lists) as List[]

export function keysOf(filter: unknown): ListenKey[] {
  if (!isObject(filter)) return []
  return [
    ...listNames.filter((name) => filter[lists[name]] === true),
    ...texts(filter['resourceSubscriptions']).map((uri) => `uri:${uri}`),
    ...texts(filter['taskIds']).map((id) => `task:${id}`),
  ]
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [])

export function filterOf(keys: readonly ListenKey[]): ListenFilter {
  const named = (kind: string) => keys.filter((key) => key.startsWith(kind)).map((key) => key.slice(kind.length))
  const resourceSubscriptions = named('uri:')
  const taskIds = named('task:')
  return {
    ...Object.fromEntries(listNames.filter((name) => keys.includes(name)).map((name) => [lists[name], true])),
    ...(resourceSubscriptions.length > 0 && { resourceSubscriptions }),
    ...(taskIds.length > 0 && { taskIds }),
  }
}

/** Who waits for this notification. A resource may lie below the one that was asked for (MCP 2026-07-28, resources/updated). */
export function keysFor({ method, params }: Notification): ListenKey[] {
  const list = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method)?.[1]
  if (list !== undefined) return [list]
  const uri = params?.['uri']
  if (method === 'notifications/resources/updated' && typeof uri === 'string') return aboves(uri).map((above) => `uri:${above}`)
  const taskId = params?.['taskId']
  return method.startsWith('notifications/tasks') && typeof taskId === 'string' ? [`task:${taskId}`] : []
}

const maxAboves = 64
/** Nobody can have asked for a longer one. */
const longestUri = 16_384

function aboves(uri: string): string[] {
  if (uri.length > longestUri) return []
  const found = new Set<string>()
  for (const { index } of uri.matchAll(/[/?#]/g)) {
    if (found.size >= 2 * maxAboves) break
    found.add(uri.slice(0, index)).add(uri.slice(0, index + 1))
  }
  found.add(uri).delete('')
  return [...found]
}

/** After a break something may have been missed: what to tell those who waited for `key`. A task is asked for, not told. */
export function notificationOfKey(key: ListenKey): Notification | undefined {
  if (Object.hasOwn(lists, key)) return { method: `notifications/${key}/list_changed` }
  return key.startsWith('uri:') ? { method: 'notifications/resources/updated', params: { uri: key.slice(4) } } : undefined
}
