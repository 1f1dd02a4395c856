import { decideFor, nextExpiryMs } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'
import { MountedContext } from '../relay/mounted-context.ts'
import type { Ports } from '../call/ports.ts'
import { redactSecrets, redactError } from '../filters/redact-secrets.ts'
import type { Audited, Authenticated, Incoming, Rendered } from '../call/types.ts'
import { UpstreamFault } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import { isShownTo, showsApps, withoutUnreadableUi } from '../../aggregate/apps.ts'
import { firstPositions, readCursor } from '../../aggregate/cursor.ts'
import type { Positions } from '../../aggregate/cursor.ts'
import { mergeLists } from '../../aggregate/merge-lists.ts'
import type { ServerPage } from '../../aggregate/merge-lists.ts'
import { withoutEnvelope } from '../../protocol/client-info.ts'
import { relayedJson } from './render.ts'
import { isObject } from '../../json/is-object.ts'
import { serverOrigin } from '../routing/origin.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { ListMethod } from '../../protocol/list-methods.ts'
import { askerOf } from '../call/scope.ts'

type Call = Incoming & Audited & Authenticated
type Needs = Pick<Ports, 'servers' | 'upstream' | 'catalogue' | 'sealer' | 'readSecret' | 'callLog' | 'secretsInUse'>
type Fields = Readonly<Record<string, unknown>>

const members = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'skills/list': 'skills',
} as const

/** Nobody but the client may keep a list, and not for long: permissions change at any time. */
const uncached = { ttlMs: 0, cacheScope: 'private' }

/** Lists kept per policy, in bytes: what does not fit is made anew. */
const maxBytes = 64 * 1024 * 1024

/** Below, text is quicker to send than to keep apart. */
const encodedFrom = 16 * 1024

interface Prepared {
  readonly rendered: Rendered
  readonly untilMs: number
}

/**
 * A list as this caller may see it, filtered by the same decisions that calls meet. `/mcp` and mounted servers are listed from
 * memory, the bytes made once per policy, kind of person, endpoint and era; a remote server's own endpoint asks the server.
 */
export function list(ports: Needs, method: ListMethod): (call: Call) => Awaitable<Rendered> {
  const prepared = new WeakMap<Policy, Kept>()

  return function list(call) {
    const id = call.endpoint.server
    if (method === 'skills/list' && id !== undefined && call.policy.servers.get(id)?.kind === 'mounted')
      throw new GatewayError('unknownMethod', 'a mounted server has no skills')
    if (id !== undefined && call.policy.servers.get(id)?.kind === 'remote' && !isHeld(call, id, method))
      return live(ports, method, id, call)
    if (call.params['cursor'] !== undefined) return fromMemory(ports, method, call, cursorOf(ports, method, call))

    const { version } = ports.catalogue
    const known = prepared.get(call.policy)
    const kept = known?.version === version ? known : { version, bytes: 0, lists: new Map<string, Prepared>() }
    prepared.set(call.policy, kept)
    const nowMs = Date.now()
    const key = keyOf(call)
    const ready = kept.lists.get(key)
    if (ready && nowMs < ready.untilMs) return ready.rendered

    const rendered = encoded(fromMemory(ports, method, call, undefined))
    keep(kept, key, { rendered, untilMs: nextExpiryMs(call.person, nowMs) })
    return rendered
  }
}

interface Kept {
  readonly version: number
  readonly lists: Map<string, Prepared>
  bytes: number
}

function keep(kept: Kept, key: string, made: Prepared): void {
  const bytes = made.rendered.bytes?.length ?? made.rendered.json.length
  if (kept.bytes + bytes > maxBytes) {
    kept.lists.clear()
    kept.bytes = 0
  }
  kept.lists.set(key, made)
  kept.bytes += bytes
}

/** Kept as bytes alone, once it is long. */
function encoded(rendered: Rendered): Rendered {
  if (rendered.json.length < encodedFrom) return rendered
  const bytes = Buffer.from(rendered.json)
  return {
    bytes,
    get json() {
      return bytes.toString('utf8')
    },
  }
}

function keyOf({ endpoint, modern, person, token, client }: Call): string {
  return `${endpoint.path} ${modern} ${showsApps(client.capabilities)} ${person.classKey} ${person.selection ? token.subject.id : ''}`
}

/** Every entry of a list this person may see at the call's endpoint, in the servers' own words: what list_changed compares. */
export function visibleEntries({ catalogue }: Pick<Ports, 'catalogue'>, method: ListMethod, call: Incoming & Authenticated): Fields[] {
  const { server } = call.endpoint
  const ids = server === undefined ? [...call.policy.servers.keys()] : [server]
  return ids.flatMap((id) =>
    (catalogue.entries(id, method, call.policy) ?? [])
      .filter((entry) => mayList(call, method, id, entry))
      .map((entry) => ({ server: id, entry })),
  )
}

/** Under `hold` a tool is listed in the definition that was approved, which only we may still have. */
function isHeld({ policy }: Call, id: string, method: ListMethod): boolean {
  const server = policy.servers.get(id)
  return method === 'tools/list' && server?.kind === 'remote' && server.remote.trust === 'hold'
}

function fromMemory(ports: Needs, method: ListMethod, call: Call, positions: Positions | undefined): Rendered {
  const { server } = call.endpoint
  if (server !== undefined) return { json: relayedJson({ value: ofOne(ports, method, server, call) }, method, call.modern) }
  const ids = [...call.policy.servers.keys()].filter((id) => call.person.grants.has(id)).sort()
  const walk = positions ?? firstPositions(ids)
  const pages = ids.flatMap((id): ServerPage[] => {
    const position = walk.get(id)
    return position ? [{ server: id, position, settled: settled(ports.catalogue.entries(id, method, call.policy), members[method]) }] : []
  })
  const merged = mergeLists(method, pages, {
    origin: (id) => serverOrigin(ports, call, id),
    keep: (id, entry) => mayList(call, method, id, entry),
  })
  const nextCursor = merged.next && ports.sealer.seal(cursorKind, call.token.subject.id, merged.next, Date.now() + cursorLifeMs)
  const value = { ...merged.result, ...uncached, ...(nextCursor !== undefined && { nextCursor }) }
  return { json: relayedJson({ value }, method, call.modern) }
}

function ofOne(ports: Needs, method: ListMethod, id: string, call: Call): Fields {
  const listed = (ports.catalogue.entries(id, method, call.policy) ?? []).filter((entry) => mayList(call, method, id, entry))
  const entries = method === 'tools/list' ? withReadableViews(call, id, listed) : listed
  return { [members[method]]: entries, ...uncached }
}

function mayList({ policy, person, client }: Incoming & Authenticated, method: ListMethod, id: string, entry: Fields): boolean {
  const nowMs = Date.now()
  if (method !== 'tools/list') return decideServer(policy, person, id, 'read', nowMs).allow
  return (
    typeof entry['name'] === 'string' && decideFor(policy, person, id, entry['name'], nowMs).allow && isShownTo(client.capabilities, entry)
  )
}

/** A host would offer a view that its person may not read. The same list where they may. */
function withReadableViews({ policy, person }: Call, id: string, tools: readonly Fields[]): readonly Fields[] {
  const readable = decideServer(policy, person, id, 'read', Date.now()).allow
  return readable ? tools : tools.map((tool) => withoutUnreadableUi(tool, () => false))
}

const settled = (entries: readonly Fields[] | undefined, member: string): PromiseSettledResult<Fields> =>
  entries
    ? { status: 'fulfilled', value: { [member]: entries } }
    : { status: 'rejected', reason: new UpstreamFault('upstream_down', 'The server has not been seen yet.') }

const cursorKind = 'cursor'
const cursorLifeMs = 60 * 60 * 1000

function cursorOf(ports: Needs, method: ListMethod, call: Call): Positions {
  const { cursor } = call.params
  const opened = typeof cursor === 'string' ? ports.sealer.open(cursorKind, call.token.subject.id, cursor, Date.now()) : undefined
  const positions = call.endpoint.server === undefined ? readCursor(method, opened) : undefined
  if (!positions) throw new GatewayError('invalidParams', 'a cursor that was never given out', { publicMessage: 'Unknown cursor.' })
  return positions
}

/** Page by page as the server gives them. */
function live(ports: Needs, method: ListMethod, id: string, call: Call): Awaitable<Rendered> {
  const server = call.policy.servers.get(id)
  const upstream = ports.upstream(id)
  const mayHear =
    decideServer(call.policy, call.person, id, 'read', Date.now()).allow || (method === 'tools/list' && call.person.grants.has(id))
  if (!server || !upstream || !mayHear) return { json: relayedJson({ value: { [members[method]]: [], ...uncached } }, method, call.modern) }

  const target = {
    serverId: id,
    server,
    upstream,
    needs: 'read' as const,
    upstreamCall: { method, params: withoutEnvelope(call.params), source: call.source },
    level: 'read' as const,
  }
  const context = new MountedContext(ports, Object.assign(call, target))
  const request = { ...target.upstreamCall, ...askerOf(call), onNotification: () => undefined, cancel: call.cancel, context }
  const clean = redactSecrets(ports)
  return Promise.resolve(upstream.request(request)).then(
    async (result) => ({ json: relayedJson(await clean(allowed(call, method, id, result), call), method, call.modern) }),
    (error: unknown) => Promise.reject(redactError(ports, error)),
  )
}

/** The same result where nothing is taken away. */
function allowed(call: Call, method: ListMethod, server: string, result: UpstreamResult): UpstreamResult {
  const entries = result.value[members[method]]
  if (method !== 'tools/list' || !Array.isArray(entries)) return result
  const listed = entries.filter((entry) => isObject(entry)).filter((entry) => mayList(call, method, server, entry))
  const kept = withReadableViews(call, server, listed)
  return kept === listed && kept.length === entries.length ? result : { value: { ...result.value, [members[method]]: kept } }
}
