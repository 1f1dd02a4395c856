import type { Routes } from './rewrite-request.ts'
import { readUri } from './names/uris.ts'
import type { ListenFilter } from '../protocol/notification.ts'

const kinds = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const

/** What each server is asked to tell of, in its own words; one that has nothing to tell of is not asked. */
export type SplitFilter = ReadonlyMap<string, ListenFilter>

/** `servers`: those the person may use; a URI or task of another is left out, as is one that was never given out. */
export function splitListen(filter: ListenFilter, servers: readonly string[], routes: Pick<Routes, 'openTask'>): SplitFilter {
  const changes = Object.fromEntries(kinds.filter((kind) => filter[kind] === true).map((kind) => [kind, true]))
  const uris = grouped(filter.resourceSubscriptions, (uri) => {
    const address = readUri(uri)
    return address && { server: address.server, own: address.uri }
  })
  const tasks = grouped(filter.taskIds, (sealed) => {
    const task = routes.openTask(sealed)
    return task && { server: task.server, own: task.taskId }
  })

  const split = servers.map((server) => {
    const resourceSubscriptions = uris.get(server)
    const taskIds = tasks.get(server)
    return [server, { ...changes, ...(resourceSubscriptions && { resourceSubscriptions }), ...(taskIds && { taskIds }) }] as const
  })
  return new Map(split.filter(([, part]) => Object.keys(part).length > 0))
}

/** What of a filter is honoured, in the client's words and order, when each server honours what it says. */
export function mergeHonoured(filter: ListenFilter, honoured: SplitFilter, routes: Pick<Routes, 'openTask'>): ListenFilter {
  const parts = [...honoured.values()]
  const changes = kinds.filter((kind) => filter[kind] === true && parts.some((part) => part[kind] === true)).map((kind) => [kind, true])
  const resourceSubscriptions = filter.resourceSubscriptions?.filter((uri) => {
    const address = readUri(uri)
    return address && honoured.get(address.server)?.resourceSubscriptions?.includes(address.uri)
  })
  const taskIds = filter.taskIds?.filter((sealed) => {
    const task = routes.openTask(sealed)
    return task && honoured.get(task.server)?.taskIds?.includes(task.taskId)
  })
  return { ...Object.fromEntries(changes), ...(resourceSubscriptions && { resourceSubscriptions }), ...(taskIds && { taskIds }) }
}

function grouped(
  words: readonly string[] | undefined,
  read: (word: string) => { server: string; own: string } | undefined,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, Set<string>>()
  for (const word of words ?? []) {
    const address = read(word)
    if (!address) continue
    const group = groups.get(address.server) ?? new Set()
    groups.set(address.server, group.add(address.own))
  }
  return new Map([...groups].map(([server, own]) => [server, [...own]]))
}
