import type { Policy } from '@bir/sdk/contract/policy'
import type { MountedServer } from '../server-kit/define.ts'
import type { ListedTool } from './server-catalogue.ts'
import type { RemoteCatalogues } from './remote-catalogues.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

type Entry = Readonly<Record<string, unknown>>

const remoteList = {
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'templates',
  'skills/list': 'skills',
} as const

/** What every server offers, from memory: listing forty servers asks none of them. */
export interface Catalogue {
  /** Rises when anything that is offered changes. */
  readonly version: number
  /** Undefined for a remote server that was never listed, and for a mounted server that does not exist. */
  entries(server: string, list: ListMethod, policy: Policy): readonly Entry[] | undefined
  /** Calls back when a remote server offers something else, until the returned function is called. */
  onChange(changed: () => void): () => void
  /** A server says that what it offers has changed: reads it again soon. */
  refreshSoon(server: string): void
}

/** Mounted servers offer what they declare; remote servers offer what their catalogue last read. */
export class MemoryCatalogue implements Catalogue {
  version = 1
  private readonly mounted: ReadonlyMap<string, Record<ListMethod, readonly Entry[]>>
  private readonly remotes: RemoteCatalogues | undefined
  private readonly followers = new Set<() => void>()
  private readonly entriesByList = new WeakMap<readonly ListedTool[], readonly Entry[]>()

  constructor(mounted: ReadonlyMap<string, MountedServer>, remotes: RemoteCatalogues | undefined) {
    this.mounted = new Map([...mounted].map(([id, server]) => [id, declared(server)]))
    this.remotes = remotes
  }

  entries(id: string, list: ListMethod, { servers }: Policy): readonly Entry[] | undefined {
    const server = servers.get(id)
    if (server?.kind !== 'remote') return this.mounted.get(id)?.[list]
    if (!this.remotes?.seen(id)) return undefined
    const offer = this.remotes.lists(id)
    if (list === 'tools/list') return this.entriesOf(this.remotes.tools(id, server))
    return offer[remoteList[list]]
  }

  /** A mounted server's declarations do not change, so nothing is read again. */
  refreshSoon(server: string): void {
    this.remotes?.refreshSoon(server)
  }

  changed(): void {
    this.version++
    for (const changed of this.followers) changed()
  }

  onChange(changed: () => void): () => void {
    this.followers.add(changed)
    return () => void this.followers.delete(changed)
  }

  /** Every call asks for this list, so it is made once per list. */
  private entriesOf(listed: readonly ListedTool[]): readonly Entry[] {
    const entryList = this.entriesByList.get(listed) ?? listed.map(({ entry }) => entry)
    this.entriesByList.set(listed, entryList)
    return entryList
  }
}

function declared({ tools, prompts, resources, templates }: MountedServer): Record<ListMethod, readonly Entry[]> {
  const entries = (of: ReadonlyMap<string, { entry: object }>) => [...of.values()].map(({ entry }) => entry as Entry)
  return {
    'tools/list': entries(tools),
    'prompts/list': entries(prompts),
    'resources/list': entries(resources),
    'resources/templates/list': entries(templates),
    'skills/list': [],
  }
}
