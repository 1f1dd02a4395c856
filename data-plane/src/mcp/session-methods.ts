import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ports } from '../pipeline/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, Target } from '../pipeline/types.ts'
import { askerOf } from './describe.ts'

type Call = Incoming & Audited & Authenticated & Target & Authorised
type Needs = Pick<Ports, 'sessions'>

const levels = new Set(['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'])

/** Legacy methods that change what a session remembers. In the modern era there is none. */
export const setLevel =
  ({ sessions }: Needs) =>
  async (call: Call): Promise<object> => {
    const { level } = call.params
    if (typeof level !== 'string' || !levels.has(level))
      throw new GatewayError('invalidParams', 'no such log level', { say: 'params.level is no log level.' })
    await mustHave(call, 'logging')
    sessions.of(sessionOf(call)).logLevel = level
    return {}
  }

export const subscribe =
  ({ sessions }: Needs, wanted: boolean) =>
  async (call: Call): Promise<object> => {
    const { uri } = call.asked.params
    if (typeof uri !== 'string' || uri.length > 8_192) throw new GatewayError('invalidParams', 'no uri', { say: 'params.uri is missing.' })
    await mustHave(call, 'resources', 'subscribe')
    const state = sessions.of(sessionOf(call))
    if (wanted && state.subscriptions.size >= 1_000)
      throw new GatewayError('invalidParams', 'too many subscriptions', { say: 'This session has too many subscriptions.' })
    if (wanted) state.subscriptions.add(uri)
    else state.subscriptions.delete(uri)
    state.onSubscriptions?.()
    return {}
  }

function sessionOf({ session, method }: Call): string {
  if (session) return session.id
  throw new GatewayError('unknownMethod', `${method} without a session`)
}

/** What the server cannot do is refused, never silently lost. */
async function mustHave(call: Call, capability: string, part?: string): Promise<void> {
  const { capabilities } = await call.upstream.describe(askerOf(call))
  const has = capabilities[capability]
  const enough = part === undefined ? has : (has as Record<string, unknown> | undefined)?.[part]
  if (enough === undefined || enough === false) throw new GatewayError('unknownMethod', `the server has no ${capability}`)
}
