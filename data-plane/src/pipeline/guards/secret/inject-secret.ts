import { secretFor } from '@bir/sdk/contract/decide-secret'
import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { Awaitable } from '../../../runtime/awaitable.ts'
import type { InjectedSecret } from '../../../secrets/leases.ts'
import { StoreUnavailable } from '../../../secrets/reader.ts'
import type { Guard } from '../../call/pipeline.ts'
import type { Ports } from '../../call/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer, WithSecret } from '../../call/types.ts'
import { refusalOf, secretRefusal } from './secret-refusal.ts'

type Call = Incoming & Audited & Authenticated & ResolvedServer & Authorised

const without: WithSecret = { secret: undefined }

/**
 * Gets the secret with which the call is made. Below this guard the call has it, and what the server says to this
 * person is searched for it. A call of a server that needs none passes at once.
 */
export function injectSecret(ports: Pick<Ports, 'leases' | 'secrets' | 'secretUsers' | 'policy' | 'portalUrl'>): Guard<Call, WithSecret> {
  return function injectSecret(call, next) {
    if (call.server.secret?.order === undefined) return next(without)
    ports.secretUsers.note(call.token)
    const found = resolve(ports, call, call)
    if (found instanceof Promise) return found.then((secret) => next({ secret }))
    return next({ secret: found })
  }
}

type SecretPorts = Parameters<typeof injectSecret>[0]

function resolve(ports: SecretPorts, call: Call, { policy, person }: Pick<Call, 'policy' | 'person'>): Awaitable<InjectedSecret> {
  const standing = secretFor(policy, person, call.serverId, Date.now())
  if (!standing?.usable) throw secretRefusal('secret-unusable', { ...call, policy, person }, ports.portalUrl)
  const { holder, version } = standing.secret
  const place = { holder, server: call.serverId }
  const inject = (fields: SecretFields): InjectedSecret => {
    const secret = { place, version, fields }
    hideInjected(ports, call.token.subject.id, secret)
    return secret
  }
  const fields = ports.leases.get(place, version)
  if (!(fields instanceof Promise)) return inject(fields)
  return fields.then(inject).catch((error: unknown) => afterFailure(ports, call, policy, error))
}

/** The secret may have been replaced since the policy by which the call was decided: then a newer one names it. */
function afterFailure(ports: SecretPorts, call: Call, policy: Policy, error: unknown): Awaitable<InjectedSecret> {
  if (error instanceof StoreUnavailable) throw storeAway(call, error)
  if (!(error instanceof ToolError)) throw error
  const newer = ports.policy.current()
  const person = personOf(newer, call.token.subject)
  if (newer === policy || !person) throw refusalOf(error, error.retryable ? 'secret-changed' : 'secret-unusable')
  return resolve(ports, call, { policy: newer, person })
}

const storeAway = ({ server }: Call, cause: StoreUnavailable) =>
  new GatewayError('unavailable', `no secret can be read: ${cause.message}`, {
    publicMessage:
      `The gateway cannot read the secret for ${server.title} now, because the store of secrets does not answer. ` +
      'Nothing is wrong with the secret. Try again in a minute; if it lasts, tell an administrator.',
    reason: 'secret-store-away',
    cause,
  })

/** From now on these values are hidden in what the server says: to everybody when all share them. */
export function hideInjected({ secrets }: Pick<Ports, 'secrets'>, person: string, { place, fields }: InjectedSecret): void {
  if (place.holder.kind === 'shared') secrets.of(place.server).inject(fields)
  else secrets.inject(place.server, person, fields)
}
