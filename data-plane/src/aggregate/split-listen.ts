import type { Routes } from './rewrite-request.ts'
import { readUri } from './names/uris.ts'
import { LIST_CHANGES } from '../protocol/facts/list-changes.ts'
import type { ListenFilter } from '../protocol/notification.ts'

const wishes = LIST_CHANGES.map(({ wish }) => wish)

/** The part of a listen filter for each server, with its own URIs and task ids. A server without a part is absent. */
export type SplitFilter = ReadonlyMap<string, ListenFilter>

/** Splits a filter among the servers that the person may use. URIs and tasks of no such server are left out. */
export function splitListen(filter: ListenFilter, servers: readonly string[], routes: Pick<Routes, 'openTask'>): SplitFilter {
  const listChanges = Object.fromEntries(wishes.filter((wish) => filter[wish] === true).map((wish) => [wish, true]))
  const uris = groupByServer(filter.resourceSubscriptions, (uri) => {
    const address = readUri(uri)
    return address && { server: address.server, ownId: address.uri }
  })
  const tasks = groupByServer(filter.taskIds, (sealed) => {
    const task = routes.openTask(sealed)
    return task && { server: task.server, ownId: task.taskId }
  })

  const split = servers.map((server) => {
    const resourceSubscriptions = uris.get(server)
    const taskIds = tasks.get(server)
    return [server, { ...listChanges, ...(resourceSubscriptions && { resourceSubscriptions }), ...(taskIds && { taskIds }) }] as const
  })
  return new Map(split.filter(([, part]) => Object.keys(part).length > 0))
}

/** The part of a client's filter that at least one server honours, with the client's own URIs, task ids and order. */
export function mergeHonoured(filter: ListenFilter, honoured: SplitFilter, routes: Pick<Routes, 'openTask'>): ListenFilter {
  const parts = [...honoured.values()]
  const honouredWishes = wishes.filter((wish) => filter[wish] === true && parts.some((part) => part[wish] === true))
  const resourceSubscriptions = filter.resourceSubscriptions?.filter((uri) => {
    const address = readUri(uri)
    return address && honoured.get(address.server)?.resourceSubscriptions?.includes(address.uri)
  })
  const taskIds = filter.taskIds?.filter((sealed) => {
    const task = routes.openTask(sealed)
    return task && honoured.get(task.server)?.taskIds?.includes(task.taskId)
  })
  const listChanges = Object.fromEntries(honouredWishes.map((wish) => [wish, true]))
  return { ...listChanges, ...(resourceSubscriptions && { resourceSubscriptions }), ...(taskIds && { taskIds }) }
}

/** Groups ids of `/mcp` by server, each as the server's own id. */
function groupByServer(
  ids: readonly string[] | undefined,
  readId: (id: string) => { server: string; ownId: string } | undefined,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>()
  for (const id of ids ?? []) {
    const address = readId(id)
    if (!address) continue
    const group = groups.get(address.server) ?? new Set()
    groups.set(address.server, group.add(address.ownId))
  }
  return new Map([...groups].map(([server, ownIds]) => [server, [...ownIds]]))
}
