import { secretFor } from '@bir/sdk/contract/decide-secret'
import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { valueFault } from '@bir/sdk/contract/secret-value'
import type { Awaitable } from '../../../runtime/awaitable.ts'
import { secretHint } from '../../../secrets/hint.ts'
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
export function injectSecret(
  ports: Pick<Ports, 'leases' | 'secrets' | 'secretUsers' | 'policy' | 'portalUrl' | 'servers'>,
): Guard<Call, WithSecret> {
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
    if (!isWhole(ports, call, fields)) throw unusable(ports, call, 'What lies in the store as the secret for this server is none.')
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
  if (newer === policy || !person) {
    if (error.code === 'secret_invalid') throw unusable(ports, call, error.message)
    throw refusalOf(error, error.retryable ? 'secret-changed' : 'secret-unusable')
  }
  return resolve(ports, call, { policy: newer, person })
}

/** Those that were looked at: leases give the same object while nothing changes. */
const whole = new WeakSet<SecretFields>()

/** Whether a server inside the gateway finds the fields that it needs: others may write to the store. */
function isWhole({ servers }: SecretPorts, { serverId, server }: Call, fields: SecretFields): boolean {
  if (server.kind !== 'mounted' || whole.has(fields)) return true
  const declared = Object.entries(servers.get(serverId)?.secret?.fields ?? {})
  const isGood = declared.every(([name, { optional, lines = false }]) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    return value === undefined ? optional === true : valueFault(value, { lines }) === undefined
  })
  if (isGood) whole.add(fields)
  return isGood
}

const unusable = ({ portalUrl }: SecretPorts, { serverId }: Call, message: string) =>
  refusalOf(
    new ToolError('secret_invalid', message, { hint: `${secretHint(serverId, portalUrl)} If that is refused, tell an administrator.` }),
    'secret_invalid',
  )

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
