import { ToolError } from '@bir/sdk/contract/errors'
import { StoreUnavailable } from '../../secrets/reader.ts'
import type { InjectedSecret } from '../../secrets/leases.ts'
import { secretHint } from '../../secrets/hint.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { UpstreamFault } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, ResolvedServer, WithSecret } from '../call/types.ts'
import { hideInjected } from '../guards/secret/inject-secret.ts'

type Call = Authenticated & ResolvedServer & WithSecret
type NeededPorts = Pick<Ports, 'leases' | 'secrets' | 'recheck' | 'portalUrl'>

/** A failure by which a service says that it does not take the secret of the call. */
type SecretRefused = (ToolError | UpstreamFault) & { readonly code: 'secret_invalid' | 'secret_expired' }

export const isSecretRefused = (error: unknown): error is SecretRefused =>
  (error instanceof ToolError || error instanceof UpstreamFault) && (error.code === 'secret_invalid' || error.code === 'secret_expired')

/**
 * A service refused the secret of a call. The store may have a newer one: a call that only reads is then made once more
 * with it. Otherwise the secret is tried by itself while the caller gets the answer, and what comes of it changes the
 * policy. A call that may have changed something is never repeated.
 */
export async function afterRefusedSecret(
  ports: NeededPorts,
  call: Call,
  refused: SecretRefused,
  repeat: () => Awaitable<UpstreamResult>,
): Promise<UpstreamResult> {
  const { secret } = call
  if (!secret) throw refused
  const fresh = await readAnew(ports, secret)
  if (!fresh) return giveUp(ports, call, secret, refused)
  if (call.needs !== 'read') throw withHint(ports, call, refused)
  hideInjected(ports, call.token.subject.id, fresh)
  Object.assign(call, { secret: fresh } satisfies WithSecret)
  try {
    return await repeat()
  } catch (error) {
    if (isSecretRefused(error)) return giveUp(ports, call, fresh, error)
    throw error
  }
}

/** Undefined where the store has the same values still, or does not answer. */
async function readAnew({ leases }: NeededPorts, { place, version, fields }: InjectedSecret): Promise<InjectedSecret | undefined> {
  try {
    const now = await leases.refused(place, version, fields)
    return now === fields ? undefined : { place, version, fields: now }
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof ToolError) return undefined
    throw error
  }
}

function giveUp(ports: NeededPorts, call: Call, secret: InjectedSecret, refused: SecretRefused): never {
  if (call.server.kind === 'mounted') unawaited(ports.recheck({ ...secret, settings: call.server.settings }))
  throw withHint(ports, call, refused)
}

function withHint({ portalUrl }: NeededPorts, { serverId }: Call, refused: SecretRefused): ToolError {
  const words = refused instanceof UpstreamFault ? refused.publicMessage : refused.message
  return new ToolError(refused.code, words, { hint: secretHint(serverId, portalUrl) })
}
