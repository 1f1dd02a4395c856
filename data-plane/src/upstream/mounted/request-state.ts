import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { InputRequired } from '../../server-kit/input-required.ts'
import type { Round } from '../../server-kit/round.ts'
import { missingCapabilities } from '../../protocol/input-capability.ts'
import { UpstreamRpcError } from '../upstream.ts'
import type { UpstreamRequest } from '../upstream.ts'

/** The sealing ring, as far as a server of ours needs it. */
export interface StateSealer {
  seal(kind: string, person: string, value: object, expiresAtMs: number): string
  open(kind: string, person: string, sealed: string, nowMs: number): unknown
}

/** A person may take this long to answer. */
const stateLastsMs = 15 * 60_000

/** The request itself where nothing was remembered; else with what the handler gave, once its seal proves whole, of this person and of this very request. */
export function stateOf(sealer: StateSealer, server: string, request: UpstreamRequest): Round {
  const { requestState } = request.params
  if (requestState === undefined) return request
  const kind = kindOf(server, request)
  const opened = typeof requestState === 'string' ? sealer.open(kind, request.person, requestState, Date.now()) : undefined
  if (typeof opened !== 'object' || opened === null || !('state' in opened))
    throw new UpstreamRpcError(-32602, 'Invalid or expired requestState')
  const { params, client, onNotification } = request
  return { params, client, onNotification, state: opened.state }
}

/** The answer that asks, with its state sealed. A client is never asked for what it did not declare. */
export function sealedAnswer(sealer: StateSealer, server: string, request: UpstreamRequest, { requests, state }: InputRequired) {
  const missing = missingCapabilities(request.client.capabilities, Object.values(requests))
  if (missing) throw new UpstreamRpcError(-32021, 'The client lacks a capability this needs', { requiredCapabilities: missing })
  if (state === undefined) return { resultType: 'input_required', inputRequests: requests }
  const requestState = sealer.seal(kindOf(server, request), request.person, { state }, Date.now() + stateLastsMs)
  return { resultType: 'input_required', inputRequests: requests, requestState }
}

/** A state is good for the same question alone: the method, what it names, and its arguments. */
function kindOf(server: string, { method, params }: UpstreamRequest): string {
  const { name, uri, arguments: args = {} } = params
  const digest = createHash('sha256')
    .update(canonical([name ?? uri, args]))
    .digest('base64url')
  return `round ${server} ${method} ${digest}`
}
