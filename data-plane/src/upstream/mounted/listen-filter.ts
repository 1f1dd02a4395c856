import type { MountedServer } from '../../server-kit/define.ts'
import { LIST_CHANGES, listChangeOf } from '../../protocol/facts/list-changes.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'
import { textOf } from '../../json/text-of.ts'

/** The part of a filter this server can honour: the lists it declares to change, and the resources it has. */
export function honouredBy(server: MountedServer, filter: ListenFilter): ListenFilter {
  const uris = server.emits.includes('updates') ? (filter.resourceSubscriptions ?? []).filter((uri) => hasResource(server, uri)) : []
  const changes = LIST_CHANGES.filter(({ kind, wish }) => filter[wish] && server.emits.includes(kind))
  return {
    ...Object.fromEntries(changes.map(({ wish }) => [wish, true])),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  }
}

/** Whether the listener with this honoured filter receives the notification. */
export function passes(honoured: ListenFilter, { method, params }: Notification): boolean {
  if (method === 'notifications/resources/updated') return honoured.resourceSubscriptions?.includes(textOf(params?.['uri'])) === true
  const change = listChangeOf(method)
  return change !== undefined && honoured[change.wish] === true
}

const hasResource = ({ resources, templates }: MountedServer, uri: string) =>
  resources.has(uri) || templates.values().some((template) => template.matches(uri))
