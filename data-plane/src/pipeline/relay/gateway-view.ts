import { decideFor } from '@bir/sdk/contract/decide'
import { secretFor } from '@bir/sdk/contract/decide-secret'
import { prospect } from '@bir/sdk/contract/decide-server'
import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { UpstreamFault } from '../../upstream/upstream.ts'
import { isObject } from '../../json/is-object.ts'
import { policyName } from '@bir/sdk/policy-name'
import { clientName } from '../../protocol/client-info.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { CheckStep, GatewayView, SecretView, ServerView, ToolView } from '../../server-kit/gateway-view.ts'
import { readShared } from '../../policy/shared-secret.ts'
import { fieldOf } from '../../secrets/field-of.ts'
import { secretHint } from '../../secrets/hint.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { askerOf } from '../call/scope.ts'
import { checkMounted } from './check-server.ts'

type Needs = Pick<Ports, 'servers' | 'secrets' | 'leases' | 'callLog' | 'catalogue' | 'upstream' | 'portalUrl'>

/** The gateway as this caller sees it. It asks `decide`, as calls and lists do. */
export function gatewayView(ports: Needs, call: Incoming & Authenticated): GatewayView {
  const { token, policy, person } = call
  const { ratePerSecond, rateBurst, callsAtOnce, streamsAtOnce, truncateChars, callTimeoutMs } = policy.settings
  return {
    authentication: {
      client: [token.clientId, clientName(call.client.info)].filter((name) => name !== undefined).join(' '),
      actor: token.actor,
      tokenId: token.tokenId,
      expiresAtMs: token.expiresAtS * 1000,
      sessionId: token.sessionId,
    },
    revision: policy.revision,
    limits: { ratePerSecond, rateBurst, callsAtOnce, streamsAtOnce, truncateChars, callTimeoutMs },
    servers: () => [...policy.servers.keys()].flatMap((id) => (person.grants.has(id) ? serverView(ports, call, id) : [])),
    calls: (max) => ports.callLog.of(token.subject.id, max),
    async check(id, signal) {
      const server = ports.servers.get(id)
      const entry = policy.servers.get(id)
      // Nothing goes, and no secret, to a server that is switched off, or that the person may not use now.
      const mayUse = prospect(policy, person, id, Date.now()).level !== 'disabled'
      if (entry?.kind === 'remote' && mayUse) return checkRemote(ports, call, id)
      if (!server || entry?.kind !== 'mounted' || !mayUse)
        throw new ToolError('not_found', `There is no server ${id} that you may use.`, { hint: 'list_servers of meta names them.' })
      const { settings } = entry
      const contextWith = (secret: SecretFields | undefined) => checkContext(ports, call, { settings, secret, id, signal })
      return checkMounted(ports, call, { server, settings, contextWith }, signal)
    },
  }
}

function serverView(ports: Needs, { token, policy, person }: Incoming & Authenticated, id: string): ServerView[] {
  const { catalogue, upstream } = ports
  const server = policy.servers.get(id)
  const reachable = upstream(id)
  if (!server || !reachable) return []
  const offered = new Map(
    (catalogue.entries(id, 'tools/list', policy, token.subject.id) ?? []).map((entry) => [policyName(String(entry['name'])), entry]),
  )
  const tools = [...server.tools].flatMap(([name, entry]): ToolView[] => {
    const tool = offered.get(name)
    if (!tool || entry.hidden) return []
    const { description, inputSchema } = tool
    const verdict = decideFor(policy, person, id, name, Date.now())
    const base = {
      name,
      description: typeof description === 'string' ? description : '',
      needs: entry.level,
      inputSchema: isObject(inputSchema) ? inputSchema : {},
    }
    return [verdict.allow ? { ...base, level: verdict.level } : { ...base, reason: verdict.reason }]
  })
  const { state, era, breaker, lastSuccessAtMs, lastErrorAtMs, lastErrorSays, latencyMs } = reachable.health()
  const health = { state, era, breaker, lastSuccessAtMs, lastErrorAtMs, lastErrorSays, latencyMs }
  const secret = secretView(ports, policy, person, id)
  return [{ id, title: server.title, tools, health, ...(secret && { secret }) }]
}

/** How the caller stands with the secret of a server; undefined where it needs none. */
function secretView({ portalUrl }: Needs, policy: Policy, person: Person, id: string): SecretView | undefined {
  const standing = secretFor(policy, person, id, Date.now())
  if (!standing) return undefined
  const hint = secretHint(id, portalUrl)
  if (!standing.usable) return { state: standing.why, whose: standing.holder?.kind, expiresAtMs: undefined, hint }
  const { holder, expiresAtMs } = standing.secret
  return { state: 'good', whose: holder.kind, expiresAtMs, hint }
}

/** Checks a remote server by asking what it can do. */
async function checkRemote({ upstream }: Needs, call: Incoming & Authenticated, id: string): Promise<CheckStep[]> {
  const startedMs = performance.now()
  const done = (ok: boolean, detail: string) => [
    { step: 'reach it and ask what it can do', ok, detail, durationMs: performance.now() - startedMs },
  ]
  try {
    const described = await upstream(id)?.describe(askerOf(call))
    return done(described !== undefined, described ? `speaks ${described.version} (${described.era} era)` : 'this plane cannot reach it')
  } catch (error) {
    return done(false, error instanceof UpstreamFault ? error.publicMessage : 'it answered with an error')
  }
}

const checkContext = (
  ports: Needs,
  call: Incoming & Authenticated,
  { settings, secret, id, signal }: Pick<CallContext, 'settings' | 'secret' | 'signal'> & { id: string },
): CallContext => ({
  caller: { id: call.token.subject.id, handle: call.person.handle, groups: call.person.groups },
  level: 'read',
  settings,
  secret,
  signal,
  gateway: gatewayView(ports, call),
  tables: (connection) => call.person.grants.get(id)?.connections?.[connection],
  readSecret: (ref) => (ref.of === 'person' ? fieldOf(secret, ref) : readShared(ports, call.policy, id, ref)),
})
