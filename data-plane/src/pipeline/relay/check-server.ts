import { secretFor } from '@bir/sdk/contract/decide-secret'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { proveHere } from '../../control/secrets/prove-here.ts'
import { redactText } from '../../secrets/redact.ts'
import { StoreUnavailable } from '../../secrets/reader.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import type { CheckStep } from '../../server-kit/gateway-view.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { hideInjected } from '../guards/secret/inject-secret.ts'
import { secretRefusal } from '../guards/secret/secret-refusal.ts'

type NeededPorts = Pick<Ports, 'servers' | 'secrets' | 'leases' | 'portalUrl'>

/** A check of a mounted server for one caller. */
interface Check {
  readonly server: MountedServer
  readonly settings: object
  /** What the server's own check may ask of the call, with this secret. */
  contextWith(secret: SecretFields | undefined): CallContext
}

/**
 * Checks a mounted server: tries the caller's secret at the service, where the server needs one, and then what the
 * server checks by itself. The steps show nothing of the secret.
 */
export async function checkMounted(ports: NeededPorts, call: Incoming & Authenticated, check: Check, signal: AbortSignal) {
  const { server, settings, contextWith } = check
  if (!server.secret) return server.check(contextWith(undefined))
  const startedMs = performance.now()
  const tried = (ok: boolean, detail: string): CheckStep => ({
    step: 'try your secret at the service',
    ok,
    detail,
    durationMs: performance.now() - startedMs,
  })
  const { policy, person, token } = call
  const standing = secretFor(policy, person, server.id, Date.now())
  if (!standing?.usable) {
    const refusal = secretRefusal('secret-unusable', { policy, person, serverId: server.id, needs: 'read' }, ports.portalUrl)
    return [tried(false, refusal.publicMessage ?? '')]
  }
  const place = { holder: standing.secret.holder, server: server.id }
  const fields = await readFields(ports, place, standing.secret.version)
  if (!fields) return [tried(false, 'The store of secrets does not answer now. Nothing is wrong with the secret.')]
  hideInjected(ports, token.subject.id, { place, version: standing.secret.version, fields })
  const readSecret = (id: string, ref: { secret: string }) => ports.secrets.of(id).read(ref)
  const { verdict, says } = await proveHere({ mounted: ports.servers, readSecret }, { server: server.id, settings, fields }, signal)
  if (verdict !== 'ok') return [tried(false, says)]
  const { values } = ports.secrets.for(server.id, token.subject.id)
  const steps = await server.check(contextWith(fields))
  return [tried(true, says), ...steps.map((step) => ({ ...step, detail: redactText(step.detail, values) }))]
}

async function readFields({ leases }: NeededPorts, place: Parameters<Ports['leases']['get']>[0], version: number) {
  try {
    return await leases.get(place, version)
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}
