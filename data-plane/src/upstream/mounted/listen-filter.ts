import type { MountedServer } from '../../server-kit/define.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'

/** What of a filter this server can keep: the lists it says may change, and resources it has. */
export function honouredBy(server: MountedServer, filter: ListenFilter): ListenFilter {
  const uris = server.emits.includes('updates') ? (filter.resourceSubscriptions ?? []).filter((uri) => has(server, uri)) : []
  return {
    ...(filter.toolsListChanged && server.emits.includes('tools') && { toolsListChanged: true }),
    ...(filter.promptsListChanged && server.emits.includes('prompts') && { promptsListChanged: true }),
    ...(filter.resourcesListChanged && server.emits.includes('resources') && { resourcesListChanged: true }),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  }
}

/** Does the notification belong to what is honoured? */
export function wanted(honoured: ListenFilter, { method, params }: Notification): boolean {
  switch (method) {
    case 'notifications/tools/list_changed':
      return honoured.toolsListChanged === true
    case 'notifications/prompts/list_changed':
      return honoured.promptsListChanged === true
    case 'notifications/resources/list_changed':
      return honoured.resourcesListChanged === true
    case 'notifications/resources/updated':
      return honoured.resourceSubscriptions?.includes(String(params?.['uri'])) === true
    default:
      return false
  }
}

const has = ({ resources, templates }: MountedServer, uri: string) =>
  resources.has(uri) || templates.values().some((template) => template.matches(uri))
