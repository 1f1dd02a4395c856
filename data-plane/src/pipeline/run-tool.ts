import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import type { Level } from '@bir/sdk/contract/level'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { CallContext, Caller } from '../servers/context.ts'
import type { GatewayView } from '../servers/gateway-view.ts'
import type { Awaitable } from './pipeline.ts'
import { errorAnswer } from '../servers/answer.ts'
import type { ToolAnswer } from '../servers/answer.ts'
import type { Ports } from './ports.ts'
import type { Audited, Authenticated, Authorised, Found, Incoming } from './types.ts'
import { viewOf } from './view.ts'

type Ready = Incoming & Audited & Authenticated & Found & Authorised
type Needs = Pick<Ports, 'servers' | 'timers' | 'inflight' | 'readSecret' | 'callLog' | 'portalUrl'>

/** The call itself. A tool that cannot do its work says so to the model; one that breaks is our fault. What answers at once needs no time limit. */
export function runTool(ports: Needs): (call: Ready) => Awaitable<ToolAnswer> {
  return function runTool(call) {
    try {
      const answer = call.tool.call(call.args, new MountedContext(ports, call))
      return answer instanceof Promise ? awaited(ports, call, answer) : answer
    } catch (error) {
      return failure(call, error)
    }
  }
}

async function awaited(ports: Needs, call: Ready, work: Promise<ToolAnswer>): Promise<ToolAnswer> {
  const finished = call.id === undefined ? undefined : ports.inflight.add(scopeOf(call), call.id, call.cancel)
  try {
    return await withinTime(ports, call, work)
  } catch (error) {
    return failure(call, error)
  } finally {
    finished?.()
  }
}

function failure({ note }: Ready, error: unknown): ToolAnswer {
  if (!(error instanceof ToolError)) throw GatewayError.from(error)
  note.outcome = error.code === 'refused_by_policy' ? 'refused' : 'failed'
  note.reason = error.code
  note.detail = error.message
  return errorAnswer(error)
}

/** Whose calls a `notifications/cancelled` may stop: those of the same person in the same session. */
export const scopeOf = ({ token, sessionId }: Pick<Ready, 'token' | 'sessionId'>): string => `${token.subject.id} ${sessionId ?? ''}`

export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

function withinTime({ timers }: Needs, { cancel, policy }: Ready, work: Promise<ToolAnswer>): Promise<ToolAnswer> {
  const timeoutMs = policy.settings.callTimeoutMs
  return new Promise((resolve, reject) => {
    const stop = timers.after(timeoutMs, () => cancel.abort(timedOut(timeoutMs)))
    cancel.onAbort = (cause) =>
      reject(cause instanceof ToolError ? cause : new GatewayError('unavailable', cause.message, { reason: 'cancelled' }))
    if (cancel.cancelled) cancel.onAbort(new ClientGone('the client went away'))
    work.then(resolve, reject).finally(stop)
  })
}

const timedOut = (timeoutMs: number) =>
  new ToolError('timed_out', `The tool did not answer within ${timeoutMs / 1000} s.`, {
    hint: 'Ask for less, or try again later.',
    retryable: true,
  })

/** A class, since one is made for every call: what few tools ask for is made only when asked. */
class MountedContext implements CallContext {
  private readonly ports: Needs
  private readonly call: Ready

  constructor(ports: Needs, call: Ready) {
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
    return this.call.server.settings
  }

  get secret(): undefined {
    return undefined
  }

  get signal(): AbortSignal {
    return this.call.cancel.signal
  }

  get gateway(): GatewayView {
    return viewOf(this.ports, this.call)
  }

  tables(connection: string): TableRules | undefined {
    const held = this.call.person.grants.get(this.call.serverId)?.connections ?? {}
    return Object.hasOwn(held, connection) ? held[connection] : undefined
  }

  readSecret(ref: SecretRef): Promise<string> {
    return this.ports.readSecret(ref)
  }
}
