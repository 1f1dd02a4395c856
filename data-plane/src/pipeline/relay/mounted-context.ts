import type { Level } from '@bir/sdk/contract/level'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { CallContext, Caller } from '../../server-kit/context.ts'
import type { GatewayView } from '../../server-kit/gateway-view.ts'
import type { SentRequest } from '../../server-kit/http/service.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer, WithSecret } from '../call/types.ts'
import { readShared } from '../../policy/shared-secret.ts'
import { fieldOf } from '../../secrets/field-of.ts'
import { gatewayView } from './gateway-view.ts'

type Needs = Pick<Ports, 'servers' | 'secrets' | 'leases' | 'callLog' | 'catalogue' | 'upstream' | 'portalUrl'>

/** Of one call, as its person sees them in their list of calls. */
const maxRequests = 50

/**
 * What a mounted server may ask of a call. It is a class, since one is made for every call: what few servers ask for
 * is made only when they do.
 */
export class MountedContext implements CallContext {
  private readonly ports: Needs
  private readonly call: Incoming & Audited & Authenticated & ResolvedServer & Authorised & WithSecret

  constructor(ports: Needs, call: Incoming & Audited & Authenticated & ResolvedServer & Authorised & WithSecret) {
    this.ports = ports
    this.call = call
  }

  get caller(): Caller {
    const { token, person } = this.call
    return { id: token.subject.id, handle: person.handle, groups: person.groups }
  }

  get level(): Level {
    return this.call.level
  }

  get settings(): object {
    return this.call.server.kind === 'mounted' ? this.call.server.settings : {}
  }

  get secret(): SecretFields | undefined {
    return this.call.secret?.fields
  }

  get signal(): AbortSignal {
    return this.call.cancel.signal
  }

  get gateway(): GatewayView {
    return gatewayView(this.ports, this.call)
  }

  tables(connection: string): TableRules | undefined {
    const connections = this.call.person.grants.get(this.call.serverId)?.connections ?? {}
    return Object.hasOwn(connections, connection) ? connections[connection] : undefined
  }

  sent(request: SentRequest): void {
    const { note } = this.call
    note.requests ??= []
    if (note.requests.length < maxRequests) note.requests.push(request)
  }

  readSecret(ref: SecretRef): Promise<string> {
    return ref.of === 'person' ? fieldOf(this.secret, ref) : readShared(this.ports, this.call.policy, this.call.serverId, ref)
  }
}
