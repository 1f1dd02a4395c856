import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import type { CallContext } from '../servers/context.ts'
import { errorAnswer } from '../servers/answer.ts'
import type { ToolAnswer } from '../servers/answer.ts'
import type { Ports } from './ports.ts'
import type { Audited, Authenticated, Authorised, Found, Incoming } from './types.ts'
import { viewOf } from './view.ts'

type Ready = Incoming & Audited & Authenticated & Found & Authorised
type Needs = Pick<Ports, 'servers' | 'timers' | 'inflight' | 'readSecret' | 'callLog' | 'portalUrl'>

/** The call itself, within its time. A tool that cannot do its work says so to the model; one that breaks is our fault. */
export function runTool(ports: Needs): (call: Ready) => Promise<ToolAnswer> {
  return async function runTool(call) {
    const finished = call.id === undefined ? undefined : ports.inflight.add(scopeOf(call), call.id, call.cancel)
    try {
      return await withinTime(ports, call, call.tool.call(call.args, contextOf(ports, call)))
    } catch (error) {
      if (!(error instanceof ToolError)) throw GatewayError.from(error)
      call.note.outcome = error.code === 'refused_by_policy' ? 'refused' : 'failed'
      call.note.reason = error.code
      call.note.detail = error.message
      return errorAnswer(error)
    } finally {
      finished?.()
    }
  }
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

function contextOf(ports: Needs, call: Ready): CallContext {
  return {
    caller: { id: call.token.subject.id, handle: call.person.handle, groups: call.person.groups },
    level: call.level,
    settings: call.server.settings,
    secret: undefined,
    get signal() {
      return call.cancel.signal
    },
    get gateway() {
      return viewOf(ports, call)
    },
    tables(connection) {
      const held = call.person.grants.get(call.serverId)?.connections ?? {}
      return Object.hasOwn(held, connection) ? held[connection] : undefined
    },
    readSecret: (ref) => ports.readSecret(ref),
  }
}
