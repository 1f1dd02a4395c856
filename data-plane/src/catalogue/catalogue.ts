import type { Policy } from '@bir/sdk/contract/policy'
import type { MountedServer } from '../server-kit/define.ts'
import type { RemoteCatalogues } from './remote-catalogues.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

type Entry = Readonly<Record<string, unknown>>

/** What every server offers, from memory: listing forty servers asks none of them. */
export interface Catalogue {
  /** Rises when anything that is offered changes. */
  readonly version: number
  /**
   * What a server offers to the person of this id. Undefined for a list of a remote server that was never read, and for
   * a mounted server that does not exist.
   */
  entries(server: string, list: ListMethod, policy: Policy, person: string): readonly Entry[] | undefined
  /** Whether the server is sent a secret of each person: then its lists are each person's own. */
  isPersonal(server: string): boolean
  /**
   * Whether a server lists this tool, by its own name, to a client with these capabilities. Undefined while that is not
   * known.
   */
  isOffered(server: string, tool: string, capabilities: Entry, person: string): boolean | undefined
  /** Undefined when it is known what these servers offer to a client with these capabilities. Resolves soon. */
  ready(servers: Iterable<string>, list: ListMethod, capabilities: Entry, person: string): Promise<void> | undefined
  /** Calls back when a remote server offers something else, until the returned function is called. */
  onChange(changed: () => void): () => void
  /** A server says that what it offers has changed: reads it again soon. */
  refreshSoon(server: string, person: string): void
}

/** Mounted servers offer what they declare; remote servers offer what their catalogue last read. */
export class MemoryCatalogue implements Catalogue {
  version = 1
  private readonly mounted: ReadonlyMap<string, Record<ListMethod, readonly Entry[]>>
  private readonly remotes: RemoteCatalogues | undefined
  private readonly followers = new Set<() => void>()

  constructor(mounted: ReadonlyMap<string, MountedServer>, remotes: RemoteCatalogues | undefined) {
    this.mounted = new Map([...mounted].map(([id, server]) => [id, declared(server)]))
    this.remotes = remotes
  }

  entries(id: string, list: ListMethod, { servers }: Policy, person: string): readonly Entry[] | undefined {
    const server = servers.get(id)
    if (server?.kind !== 'remote') return this.mounted.get(id)?.[list]
    if (!this.remotes) return undefined
    return list === 'tools/list' ? this.remotes.tools(id, server, person) : this.remotes.entries(id, list, person)
  }

  isPersonal(server: string): boolean {
    return this.remotes?.isPersonal(server) ?? false
  }

  /** A mounted server offers the same to every client. */
  isOffered(server: string, tool: string, capabilities: Entry, person: string): boolean | undefined {
    const audiences = this.remotes?.catalogue(server, person)?.audiences
    return audiences ? audiences.isOffered(tool, capabilities) : true
  }

  ready(servers: Iterable<string>, list: ListMethod, capabilities: Entry, person: string): Promise<void> | undefined {
    const pending: Promise<void>[] = []
    for (const server of servers) {
      const catalogue = this.remotes?.catalogue(server, person)
      // Of a server that is read for each person, somebody's first list waits until it was read for them.
      const first = this.isPersonal(server) ? catalogue?.firstReading : undefined
      const reading = first ?? (list === 'tools/list' ? catalogue?.audiences.ready(capabilities) : undefined)
      if (reading) pending.push(reading)
    }
    if (pending.length === 0) return undefined
    return withinWait(Promise.all(pending))
  }

  /** A mounted server's declarations do not change, so nothing is read again. */
  refreshSoon(server: string, person: string): void {
    this.remotes?.catalogue(server, person)?.refreshSoon()
  }

  changed(): void {
    this.version++
    for (const changed of this.followers) changed()
  }

  onChange(changed: () => void): () => void {
    this.followers.add(changed)
    return () => void this.followers.delete(changed)
  }
}

/** A list waits no longer to know what its client is offered: what is not known by then is left out of it. */
const maxWaitMs = 2_000

function withinWait(work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, maxWaitMs).unref()
    work.then(
      () => (clearTimeout(timer), resolve()),
      () => (clearTimeout(timer), resolve()),
    )
  })
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
