import { isObject } from '../../../json/is-object.ts'
import type { ListenFilter, Notification } from '../../../protocol/notification.ts'

const listChanges = {
  'notifications/tools/list_changed': ['tools', 'toolsListChanged'],
  'notifications/prompts/list_changed': ['prompts', 'promptsListChanged'],
  'notifications/resources/list_changed': ['resources', 'resourcesListChanged'],
} as const

const updated = 'notifications/resources/updated'

type Capabilities = Readonly<Record<string, unknown>>

/** The part of a filter that a server with these capabilities keeps to. */
export function honoured(filter: ListenFilter, capabilities: Capabilities, uris: readonly string[]): ListenFilter {
  const lists = Object.values(listChanges).filter(([feature, key]) => filter[key] === true && can(capabilities, feature, 'listChanged'))
  return {
    ...Object.fromEntries(lists.map(([, key]) => [key, true])),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  }
}

export function can(capabilities: Capabilities, feature: string, what: string): boolean {
  const declared = capabilities[feature]
  return isObject(declared) && declared[what] === true
}

/** Whether a listener asked for this; undefined for what no filter speaks of. */
export function wants(filter: ListenFilter, method: string, params: Record<string, unknown> | undefined): boolean | undefined {
  if (method === updated) return covers(filter.resourceSubscriptions ?? [], params?.['uri'])
  const change = Object.hasOwn(listChanges, method) ? listChanges[method as keyof typeof listChanges] : undefined
  return change && filter[change[1]] === true
}

/** What a listening client alone has asked for. */
export const isOfLists = (method: string): boolean => method === updated || Object.hasOwn(listChanges, method)

/** The server may name a part of what was subscribed to. */
const covers = (uris: readonly string[], uri: unknown): boolean =>
  typeof uri === 'string' && uris.some((known) => uri === known || uri.startsWith(known.endsWith('/') ? known : `${known}/`))

/** What a listener is told when nobody knows what changed. */
export function missed(filter: ListenFilter, capabilities: Capabilities): Notification[] {
  const lists = Object.entries(listChanges)
    .filter(([, [feature, key]]) => filter[key] === true && can(capabilities, feature, 'listChanged'))
    .map(([method]) => ({ method }))
  return [...lists, ...(filter.resourceSubscriptions ?? []).map((uri) => ({ method: updated, params: { uri } }))]
}
