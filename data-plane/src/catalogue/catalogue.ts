import type { Policy } from '@bir/sdk/contract/policy'
import type { MountedServer } from '../server-kit/define.ts'
import type { Listed } from './server-catalogue.ts'
import type { Remotes } from './remote-catalogues.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

type Entry = Readonly<Record<string, unknown>>

const remoteList = {
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'templates',
  'skills/list': 'skills',
} as const

/** What every server offers, from memory: asked for a list of forty servers, none of them is. */
export interface Offers {
  /** Rises when anything offered changed. */
  readonly version: number
  /** Undefined for a server that has not been seen yet, or not for the list of a mounted server it does not know. */
  of(server: string, list: ListMethod, policy: Policy): readonly Entry[] | undefined
  /** Calls back once a remote server was seen to offer something else, until the returned function is called. */
  onChange(changed: () => void): () => void
  /** A server says that what it offers has changed: it is read again, soon. */
  doubt(server: string): void
}

/** Mounted servers offer what they declare, remote ones what their catalogue last saw. */
export class ServerOffers implements Offers {
  version = 1
  private readonly mounted: ReadonlyMap<string, Record<ListMethod, readonly Entry[]>>
  private readonly remotes: Remotes | undefined
  private readonly followers = new Set<() => void>()
  private readonly entries = new WeakMap<readonly Listed[], readonly Entry[]>()

  constructor(mounted: ReadonlyMap<string, MountedServer>, remotes: Remotes | undefined) {
    this.mounted = new Map([...mounted].map(([id, server]) => [id, declared(server)]))
    this.remotes = remotes
  }

  of(id: string, list: ListMethod, { servers }: Policy): readonly Entry[] | undefined {
    const server = servers.get(id)
    if (server?.kind !== 'remote') return this.mounted.get(id)?.[list]
    if (!this.remotes?.seen(id)) return undefined
    const offer = this.remotes.offer(id)
    if (list === 'tools/list') return this.entriesOf(this.remotes.tools(id, server))
    return offer[remoteList[list]]
  }

  /** What a mounted server declares does not change. */
  doubt(server: string): void {
    this.remotes?.doubt(server)
  }

  changed(): void {
    this.version++
    for (const changed of this.followers) changed()
  }

  onChange(changed: () => void): () => void {
    this.followers.add(changed)
    return () => void this.followers.delete(changed)
  }

  /** Asked for with every call: made once for a list that did not change. */
  private entriesOf(listed: readonly Listed[]): readonly Entry[] {
    const known = this.entries.get(listed) ?? listed.map(({ entry }) => entry)
    this.entries.set(listed, known)
    return known
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
