import { isPersonal } from '@bir/sdk/contract/remote'
import type { RemoteEntry } from '@bir/sdk/contract/snapshot'
import type { Policy } from '@bir/sdk/contract/policy'
import type { SecretsInUse } from '../secrets/in-use.ts'
import { redact } from '../secrets/redact.ts'
import type { Log } from '../runtime/log.ts'
import { servable } from '../protocol/entries/servable.ts'
import { policyName } from '@bir/sdk/policy-name'
import type { ListMethod } from '../protocol/list-methods.ts'
import type { ReadEntry } from './bounded-list.ts'
import { PersonalCatalogues } from './personal-catalogues.ts'
import { ServerCatalogue, definitionHash } from './server-catalogue.ts'
import type { CallerSecrets } from '../upstream/remote/caller-secrets.ts'
import type { Upstream } from '../upstream/upstream.ts'

interface Options {
  log: Log
  secrets: Pick<SecretsInUse, 'of'>
  callerSecrets: Pick<CallerSecrets, 'of' | 'inUse'>
  /** The server behind an id. It is the same object until its settings change. */
  upstream(id: string): Upstream | undefined
  report(server: string, tools: readonly Readonly<Record<string, unknown>>[]): Promise<void>
  /** An approved definition by its hash, when the server does not offer it now. */
  approved(hash: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Called when what is listed may have changed. */
  changed(): void
}

/** Of a server that is sent a secret of each person there is a catalogue for each of them, opened when they need it. */
type OpenCatalogue =
  | { readonly upstream: Upstream; readonly catalogue: ServerCatalogue; readonly people?: undefined }
  | { readonly upstream: Upstream; readonly people: PersonalCatalogues; readonly catalogue?: undefined }

type Entry = Readonly<Record<string, unknown>>

interface ServedTools {
  /** What the list was made of; when any of it is another, so is the list. */
  readonly madeOf: readonly unknown[]
  readonly tools: readonly Entry[]
}

/** The remote servers of the policy in force: a catalogue for each, and which definitions of their tools are served. */
export class RemoteCatalogues {
  private readonly options: Options
  private readonly openCatalogues = new Map<string, OpenCatalogue>()
  private readonly definitions = new Map<string, Readonly<Record<string, unknown>>>()
  private readonly served = new WeakMap<readonly ReadEntry[], ServedTools>()
  private readonly offered = new WeakMap<readonly ReadEntry[], readonly Entry[]>()

  constructor(options: Options) {
    this.options = options
  }

  /** Follows a new policy: opens and closes catalogues as remote servers come and go. */
  follow(policy: Policy): void {
    const remote = new Map([...policy.servers].filter(([, { kind }]) => kind === 'remote'))
    for (const [id, open] of this.openCatalogues) {
      if (remote.has(id) && this.options.upstream(id) === open.upstream) {
        open.people?.follow()
        continue
      }
      closeAll(open)
      this.openCatalogues.delete(id)
    }
    for (const [id, server] of remote) if (server.kind === 'remote') this.keep(id, isPersonal(server.remote))
    for (const server of remote.values()) if (server.kind === 'remote' && server.remote.trust === 'hold') this.fetchApproved(server.tools)
  }

  isPersonal(server: string): boolean {
    return this.openCatalogues.get(server)?.people !== undefined
  }

  /** What the server offers to this person, who may be anybody where it is not sent a secret of each. */
  catalogue(server: string, person: string): ServerCatalogue | undefined {
    const open = this.openCatalogues.get(server)
    return open?.people ? open.people.of(person) : open?.catalogue
  }

  /** What is wrong with the lists of each server: sentences for administrators. */
  faults(): { id: string; faults: readonly string[] }[] {
    return [...this.openCatalogues].map(([id, { catalogue, people }]) => ({ id, faults: people ? people.faults() : catalogue.faults() }))
  }

  /** A list as it is offered. Undefined until it was read. The same object while it stays the same. */
  entries(server: string, method: ListMethod, person: string): readonly Entry[] | undefined {
    const read = this.catalogue(server, person)?.entries(method)
    return read && this.offeredOf(read)
  }

  /** The tools of a server as they may be listed. Under `hold`, each has the definition that was approved. */
  tools(
    id: string,
    entry: { remote: RemoteEntry['remote']; tools: ReadonlyMap<string, { definition?: string | undefined }> },
    person: string,
  ): readonly Entry[] | undefined {
    const read = this.catalogue(id, person)?.entries('tools/list')
    if (!read || entry.remote.trust !== 'hold') return read && this.offeredOf(read)
    const madeOf = [read, entry.tools, this.options.secrets.of(id).values, this.definitions.size]
    const made = this.served.get(read)
    if (made?.madeOf.every((part, index) => part === madeOf[index])) return made.tools
    const live = new Map(read.toReversed().map((tool) => [policyName(String(tool.raw['name'])), tool]))
    const tools = [...entry.tools].flatMap(([name, { definition }]) => this.approvedTool(id, definition, live.get(name)))
    this.served.set(read, { madeOf, tools })
    return tools
  }

  close(): void {
    for (const open of this.openCatalogues.values()) closeAll(open)
    this.openCatalogues.clear()
  }

  private keep(id: string, personal: boolean): void {
    const upstream = this.options.upstream(id)
    if (this.openCatalogues.has(id) || !upstream) return
    const { log, secrets, callerSecrets, changed } = this.options
    // A list that was read before the address changed says nothing of the server that is there now.
    const report = async (tools: Parameters<Options['report']>[1]) => {
      if (this.options.upstream(id) === upstream) await this.options.report(id, tools)
    }
    const server = { server: id, upstream, log, report, changed }
    if (personal) this.openCatalogues.set(id, { upstream, people: new PersonalCatalogues(server, callerSecrets) })
    else this.openCatalogues.set(id, { upstream, catalogue: new ServerCatalogue({ ...server, secrets: secrets.of(id) }) })
  }

  private approvedTool(server: string, approved: string | undefined, live: ReadEntry | undefined): Entry[] {
    if (approved === undefined) return []
    if (live && definitionHash(live.raw) === approved) return [live.offered]
    const entry = this.definitions.get(approved)
    if (!entry) return []
    // It may have been reported when this was not yet a secret of the server, or by a plane that did not hide it.
    const clean = redact({ value: entry }, this.options.secrets.of(server).values).value
    const { entry: offered } = servable('tools/list', clean)
    return offered ? [offered] : []
  }

  /** Every call asks for these lists, so each is made once. */
  private offeredOf(read: readonly ReadEntry[]): readonly Entry[] {
    const offered = this.offered.get(read) ?? read.map((entry) => entry.offered)
    this.offered.set(read, offered)
    return offered
  }

  private addDefinition(definition: string, entry: Readonly<Record<string, unknown>>): void {
    this.definitions.set(definition, entry)
    this.options.changed()
  }

  private fetchApproved(tools: ReadonlyMap<string, { definition?: string | undefined }>): void {
    for (const { definition } of tools.values()) {
      if (definition === undefined || this.definitions.has(definition)) continue
      void this.options.approved(definition).then(
        (entry) => entry && this.addDefinition(definition, entry),
        (error: unknown) => this.options.log('warn', 'an approved definition cannot be had', { definition, why: String(error) }),
      )
    }
  }
}

function closeAll({ catalogue, people }: OpenCatalogue): void {
  catalogue?.close()
  people?.close()
}
