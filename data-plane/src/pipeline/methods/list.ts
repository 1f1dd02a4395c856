import { decideFor, nextExpiryMs } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import { GatewayError } from '@bir/sdk/contract/errors'
import { secretSetOf } from '@bir/sdk/contract/decide-secret'
import type { Policy } from '@bir/sdk/contract/policy'
import { isShownTo, withoutUnreadableUi } from '../../aggregate/apps.ts'
import { audienceOf } from '../../catalogue/audiences.ts'
import { firstPositions, readCursor } from '../../aggregate/cursor.ts'
import type { Positions } from '../../aggregate/cursor.ts'
import { mergeLists } from '../../aggregate/merge-lists.ts'
import type { ServerPage } from '../../aggregate/merge-lists.ts'
import { withoutField } from '../../json/edit.ts'
import type { Fields } from '../../json/edit.ts'
import { legacyTool, servable } from '../../protocol/entries/servable.ts'
import { clearedMember, madeOf, ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { withoutEnvelope } from '../../protocol/client-info.ts'
import { NOT_CACHEABLE } from '../../protocol/facts/cache-hints.ts'
import type { ListMethod } from '../../protocol/list-methods.ts'
import { policyName } from '@bir/sdk/policy-name'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { UpstreamFault } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import type { Ports } from '../call/ports.ts'
import { askerOf } from '../call/scope.ts'
import type { Audited, Authenticated, Incoming, Rendered } from '../call/types.ts'
import type { OutgoingContext, OutgoingFilters } from '../filters/outgoing.ts'
import { serverOrigin } from '../routing/origin.ts'
import { PreparedLists } from './prepared-lists.ts'
import { relayedJson } from './render.ts'

type Call = Incoming & Audited & Authenticated
type ListPorts = Pick<Ports, 'upstream' | 'catalogue' | 'sealer' | 'secrets'>

const memberOf = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'skills/list': 'skills',
} as const

/**
 * A list as this caller may see it, filtered by the same decisions that calls meet. `/mcp` and mounted servers are
 * listed from memory, the bytes made once per policy, kind of person, endpoint and era. A remote server's own endpoint
 * asks the server.
 */
export function list(ports: ListPorts, outgoing: OutgoingFilters, method: ListMethod): (call: Call) => Awaitable<Rendered> {
  const lister = new Lister(ports, outgoing, method)
  const prepared = new WeakMap<Policy, PreparedLists>()

  return function list(call) {
    const ids = idsOf(call)
    const pending = ports.catalogue.ready(ids, method, call.client.capabilities, call.token.subject.id)
    return pending ? pending.then(() => answer(call)) : answer(call)
  }

  function answer(call: Call): Awaitable<Rendered> {
    const { server } = call.endpoint
    const kind = server === undefined ? undefined : call.policy.servers.get(server)?.kind
    if (method === 'skills/list' && kind === 'mounted') throw new GatewayError('unknownMethod', 'a mounted server has no skills')
    if (server !== undefined && kind === 'remote' && !isHeldList(call, server, method)) return lister.askServer(server, call)
    if (call.params['cursor'] !== undefined) return lister.fromMemory(call, lister.readCursor(call))

    const version = `${ports.catalogue.version} ${ports.secrets.version}`
    const current = prepared.get(call.policy)
    const lists = current?.version === version ? current : new PreparedLists(version)
    prepared.set(call.policy, lists)
    const nowMs = Date.now()
    const key = keyOf(ports, call, nowMs)
    const ready = lists.get(key, nowMs)
    if (ready) return ready

    const untilMs = nextExpiryMs(call.policy, call.person, nowMs)
    const rendered = lister.fromMemory(call, undefined)
    return rendered instanceof Promise ? rendered.then((later) => lists.keep(key, later, untilMs)) : lists.keep(key, rendered, untilMs)
  }
}

/** The servers that a list at the call's endpoint has something of. */
const idsOf = ({ endpoint, person }: Call): string[] => (endpoint.server === undefined ? [...person.grants.keys()] : [endpoint.server])

/** What lists of one policy differ by. */
function keyOf({ catalogue }: ListPorts, call: Call, nowMs: number): string {
  const { endpoint, modern, person, token, client, policy } = call
  const isOwn = person.selection !== undefined || idsOf(call).some((id) => catalogue.isPersonal(id))
  const own = isOwn ? token.subject.id : ''
  return `${endpoint.path} ${modern} ${audienceOf(client.capabilities)} ${person.classKey} ${own} ${secretSetOf(policy, person, nowMs)}`
}

/**
 * Every entry of a list that this person may see at the call's endpoint, as the servers wrote it: what list_changed
 * compares.
 */
export function visibleEntries({ catalogue }: Pick<Ports, 'catalogue'>, method: ListMethod, call: Incoming & Authenticated): Fields[] {
  const { server } = call.endpoint
  const ids = server === undefined ? [...call.policy.servers.keys()] : [server]
  return ids.flatMap((id) =>
    (catalogue.entries(id, method, call.policy, call.token.subject.id) ?? [])
      .filter((entry) => mayList(call, method, id, entry) && isOffered(catalogue, call, method, id, entry))
      .map((entry) => ({ server: id, entry })),
  )
}

/** Under `hold` a tool is listed in the definition that was approved, which only the gateway may still have. */
function isHeldList({ policy }: Call, id: string, method: ListMethod): boolean {
  const server = policy.servers.get(id)
  return method === 'tools/list' && server?.kind === 'remote' && server.remote.trust === 'hold'
}

function mayList({ policy, person, client }: Incoming & Authenticated, method: ListMethod, id: string, entry: Fields): boolean {
  const nowMs = Date.now()
  if (method !== 'tools/list') return decideServer(policy, person, id, 'read', nowMs).allow
  return (
    typeof entry['name'] === 'string' &&
    decideFor(policy, person, id, policyName(entry['name']), nowMs).allow &&
    isShownTo(client.capabilities, entry)
  )
}

/** Whether the server itself would list the entry to this client. What is not known yet is not listed. */
function isOffered(catalogue: Ports['catalogue'], call: Incoming & Authenticated, method: ListMethod, id: string, entry: Fields): boolean {
  return method !== 'tools/list' || catalogue.isOffered(id, String(entry['name']), call.client.capabilities, call.token.subject.id) === true
}

/** A host would offer a view that its person may not read. The same list where they may. */
function withReadableViews({ policy, person }: Call, id: string, tools: readonly Fields[]): readonly Fields[] {
  const isReadable = decideServer(policy, person, id, 'read', Date.now()).allow
  return isReadable ? tools : tools.map((tool) => withoutUnreadableUi(tool, () => false))
}

const offeredOf = (method: ListMethod, entry: unknown): Fields[] => {
  const { entry: offered } = servable(method, entry)
  return offered ? [offered] : []
}

const isReady = (page: Awaitable<ServerPage>): page is ServerPage => !(page instanceof Promise)

const cursorKind = 'cursor'
const cursorLifeMs = 60 * 60 * 1000

/** Makes one kind of list, for any endpoint. */
class Lister {
  private readonly ports: ListPorts
  private readonly outgoing: OutgoingFilters
  private readonly method: ListMethod
  private readonly member: string

  constructor(ports: ListPorts, outgoing: OutgoingFilters, method: ListMethod) {
    this.ports = ports
    this.outgoing = outgoing
    this.method = method
    this.member = memberOf[method]
  }

  /** Of one server, or of all merged. `positions` says where a walk through the pages of all goes on. */
  fromMemory(call: Call, positions: Positions | undefined): Awaitable<Rendered> {
    const { server } = call.endpoint
    if (server !== undefined) return this.ofOneServer(server, call)
    const ids = [...call.policy.servers.keys()].filter((id) => call.person.grants.has(id)).sort()
    const walk = positions ?? firstPositions(ids)
    const pages = ids.flatMap((server) => {
      const position = walk.get(server)
      return position ? [this.page(server, position, call)] : []
    })
    if (pages.every(isReady)) return this.merge(pages, call)
    return Promise.all(pages.map(async (page) => page)).then((ready) => this.merge(ready, call))
  }

  /** Asks the server, page by page as the client does. */
  askServer(id: string, call: Call): Awaitable<Rendered> {
    const { policy, person } = call
    const upstream = this.ports.upstream(id)
    const mayHear = decideServer(policy, person, id, 'read', Date.now()).allow || (this.method === 'tools/list' && person.grants.has(id))
    if (!policy.servers.has(id) || !upstream || !mayHear) return this.rendered(ownWords({ value: this.listOf([]) }), call)

    call.note.releases.push(this.ports.secrets.for(id, call.token.subject.id).hold())
    const request = {
      method: this.method,
      params: withoutEnvelope(call.params),
      source: call.source,
      ...askerOf(call),
      onNotification: () => undefined,
      cancel: call.cancel,
    }
    return Promise.resolve(upstream.request(request))
      .then((result) => this.outgoing.result(this.allowed(call, id, result), this.method, contextOf(call, id)))
      .then((cleared) => this.rendered(cleared, call))
  }

  readCursor(call: Call): Positions {
    const { cursor } = call.params
    const { sealer } = this.ports
    const opened = typeof cursor === 'string' ? sealer.open(cursorKind, call.token.subject.id, cursor, Date.now()) : undefined
    const positions = call.endpoint.server === undefined ? readCursor(this.method, opened) : undefined
    if (!positions) throw new GatewayError('invalidParams', 'a cursor that was never given out', { publicMessage: 'Unknown cursor.' })
    return positions
  }

  private ofOneServer(server: string, call: Call): Awaitable<Rendered> {
    const entries = (this.ports.catalogue.entries(server, this.method, call.policy, call.token.subject.id) ?? []).filter((entry) =>
      this.isListed(call, server, entry),
    )
    const readable = this.method === 'tools/list' ? withReadableViews(call, server, entries) : entries
    const cleared = this.outgoing.result({ value: this.listOf(this.inEra(call, readable)) }, this.method, contextOf(call, server))
    return cleared instanceof Promise ? cleared.then((later) => this.rendered(later, call)) : this.rendered(cleared, call)
  }

  /** Whether an entry that is kept in memory is listed to this client. */
  private isListed(call: Call, server: string, entry: Fields): boolean {
    return mayList(call, this.method, server, entry) && isOffered(this.ports.catalogue, call, this.method, server, entry)
  }

  /** What a server offers, cleared, as one page of it. */
  private page(server: string, position: ServerPage['position'], call: Call): Awaitable<ServerPage> {
    const entries = this.ports.catalogue.entries(server, this.method, call.policy, call.token.subject.id)
    const fault = () => new UpstreamFault('upstream_down', 'The server has not been seen yet.')
    if (!entries) return { server, position, settled: { status: 'rejected', reason: fault() } }
    const pageOf = (result: Cleared<UpstreamResult>): ServerPage => ({
      server,
      position,
      settled: { status: 'fulfilled', value: clearedMember(result, 'value') },
    })
    const cleared = this.outgoing.result({ value: { [this.member]: this.inEra(call, entries) } }, this.method, contextOf(call, server))
    return cleared instanceof Promise ? cleared.then(pageOf) : pageOf(cleared)
  }

  private merge(pages: readonly ServerPage[], call: Call): Rendered {
    const { sealer } = this.ports
    const merged = mergeLists(this.method, pages, {
      origin: (id) => serverOrigin(this.ports, call, id),
      keep: (id, entry) => this.isListed(call, id, entry),
    })
    const nextCursor = merged.next && sealer.seal(cursorKind, call.token.subject.id, merged.next, Date.now() + cursorLifeMs)
    const value = { ...merged.result, ...NOT_CACHEABLE, ...(nextCursor !== undefined && { nextCursor }) }
    const parts = pages.flatMap(({ settled }) => (settled.status === 'fulfilled' ? [settled.value] : []))
    return this.rendered(madeOf(parts, { value }), call)
  }

  /** What of a server's answer this person may see and clients accept; the same result where that is all of it. */
  private allowed(call: Call, server: string, result: UpstreamResult): UpstreamResult {
    const { [this.member]: given, nextCursor } = result.value
    // Servers in Go write an empty list as null; others write so that there is no next page.
    const entries = (given === null ? [] : given) as unknown
    const value = nextCursor === null ? withoutField(result.value, 'nextCursor') : result.value
    const isWhole = value === result.value && given !== null
    if (!Array.isArray(entries)) return isWhole ? result : { value }
    const offered = entries.flatMap((entry): Fields[] => offeredOf(this.method, entry))
    const allowed = this.inEra(call, this.method === 'tools/list' ? this.allowedTools(call, server, offered) : offered)
    const isSame = isWhole && allowed.length === entries.length && allowed.every((entry, at) => entry === entries[at])
    return isSame ? result : { value: { ...value, [this.member]: allowed } }
  }

  private allowedTools(call: Call, server: string, tools: readonly Fields[]): readonly Fields[] {
    const listed = tools.filter((tool) => mayList(call, this.method, server, tool))
    return withReadableViews(call, server, listed)
  }

  /** Clients of revisions before 2026-07-28 refuse some tools that newer ones accept. */
  private inEra({ modern }: Call, entries: readonly Fields[]): readonly Fields[] {
    return modern || this.method !== 'tools/list' ? entries : entries.map(legacyTool)
  }

  private readonly listOf = (entries: readonly Fields[]): Fields => ({ [this.member]: entries, ...NOT_CACHEABLE })

  private rendered(result: Parameters<typeof relayedJson>[0], call: Call): Rendered {
    return { json: relayedJson(result, this.method, call.modern) }
  }
}

const contextOf = ({ policy, person, token, endpoint }: Call, server: string): OutgoingContext => ({
  policy,
  person,
  token,
  endpoint,
  server,
})
