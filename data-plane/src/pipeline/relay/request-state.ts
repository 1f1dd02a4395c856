import { hash } from 'node:crypto'
import { GatewayError } from '@bir/sdk/contract/errors'
import { canonical } from '@bir/sdk/contract/canonical'
import { z } from 'zod'
import type { Authenticated, Incoming, ResolvedServer } from '../call/types.ts'
import type { Ports } from '../call/ports.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'

const lifeMs = 10 * 60 * 1000
const kind = 'request-state'

const State = z.object({ server: z.string(), node: z.string(), digest: z.string(), state: z.string().optional() })

type Needs = Pick<Ports, 'sealer' | 'node'>
type Call = Incoming & Authenticated & ResolvedServer

/**
 * Seals the state of a call of several rounds when it is the gateway's own (a parked stream, a mounted server's). The
 * client carries the seal, which is bound to person, server, method and parameters. A modern server's own state stays
 * as it is.
 */
export function sealState({ sealer, node }: Needs, call: Call, result: UpstreamResult): UpstreamResult {
  if (!result.ownState) return result
  const { requestState: state, ...value } = result.value
  const sealed = { server: call.serverId, node, digest: digestOf(call), ...(typeof state === 'string' && { state }) }
  const requestState = sealer.seal(kind, call.token.subject.id, sealed, Date.now() + lifeMs)
  return { value: { ...value, requestState }, ...(result.source && { source: result.source }) }
}

/**
 * Opens the state that the server gave. Throws when the seal belongs to another request. A state without our seal is
 * the server's own, and stays as it is.
 */
export function unsealState({ sealer }: Needs, call: Call, requestState: unknown): unknown {
  if (typeof requestState !== 'string') return requestState
  const opened = State.safeParse(sealer.open(kind, call.token.subject.id, requestState, Date.now()))
  if (!opened.success) return requestState
  const { server, digest, state } = opened.data
  if (server !== call.serverId || digest !== digestOf(call)) {
    throw new GatewayError('invalidParams', 'a request state of another request', {
      publicMessage: 'requestState belongs to another request.',
    })
  }
  return state
}

/** The plane that holds the parked stream of a sealed state. Undefined for a state of the server's own. */
export function homeOfState({ sealer }: Pick<Ports, 'sealer'>, person: string, requestState: unknown): string | undefined {
  return typeof requestState === 'string' ? State.safeParse(sealer.open(kind, person, requestState, Date.now())).data?.node : undefined
}

/** A digest of the request without what a retry adds. */
function digestOf({ upstreamCall: { method, params } }: Call): string {
  const { inputResponses: _r, requestState: _s, _meta: _m, ...ownParams } = params
  return hash('sha256', `${method}\n${canonical(ownParams)}`, 'hex')
}
