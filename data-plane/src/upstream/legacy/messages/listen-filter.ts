import { isObject } from '../../../json/is-object.ts'
import { LIST_CHANGES, listChangeOf } from '../../../protocol/facts/list-changes.ts'
import type { ListenFilter, Notification } from '../../../protocol/notification.ts'

const updated = 'notifications/resources/updated'

type Capabilities = Readonly<Record<string, unknown>>

/** The part of a filter that a server with these capabilities honours. `uris`: the subscriptions it accepted. */
export const honouredBy = (capabilities: Capabilities, filter: ListenFilter, uris: readonly string[]): ListenFilter => ({
  ...Object.fromEntries(honouredChanges(capabilities, filter).map(({ wish }) => [wish, true])),
  ...(uris.length > 0 && { resourceSubscriptions: uris }),
})

export const honouredChanges = (capabilities: Capabilities, filter: ListenFilter) =>
  LIST_CHANGES.filter(({ kind, wish }) => filter[wish] === true && declares(capabilities, kind, 'listChanged'))

/** Whether a server declared a part of a capability, such as `subscribe` of `resources`. */
export function declares(capabilities: Capabilities, feature: string, part: string): boolean {
  const declared = capabilities[feature]
  return isObject(declared) && declared[part] === true
}

/** Whether a listener asked for this notification. Undefined for a notification that no filter can ask for. */
export function wants(filter: ListenFilter, method: string, params: Record<string, unknown> | undefined): boolean | undefined {
  if (method === updated) return covers(filter.resourceSubscriptions ?? [], params?.['uri'])
  const change = listChangeOf(method)
  return change && filter[change.wish] === true
}

/** Whether a client receives this notification only if its filter asks for it. */
export const needsFilter = (method: string): boolean => method === updated || listChangeOf(method) !== undefined

/** The server may name a part of a resource that was subscribed to. */
const covers = (subscriptions: readonly string[], uri: unknown): boolean =>
  typeof uri === 'string' &&
  subscriptions.some((resource) => uri === resource || uri.startsWith(resource.endsWith('/') ? resource : `${resource}/`))

/** What to send a listener when updates of its resources may have been missed. */
export const updatesAfterGap = ({ resourceSubscriptions = [] }: ListenFilter): Notification[] =>
  resourceSubscriptions.map((uri) => ({ method: updated, params: { uri } }))
