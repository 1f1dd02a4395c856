import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { InputRequired } from '../../server-kit/input-required.ts'
import type { Round } from '../../server-kit/round.ts'
import { INVALID_PARAMS, MISSING_CAPABILITY } from '../../protocol/facts/rpc-codes.ts'
import { missingCapabilities } from '../../protocol/input-capability.ts'
import { UpstreamRpcError } from '../upstream.ts'
import type { UpstreamRequest } from '../upstream.ts'

/** The part of the sealer that a mounted server needs. */
export interface StateSealer {
  seal(kind: string, person: string, value: object, expiresAtMs: number): string
  open(kind: string, person: string, sealed: string, nowMs: number): unknown
}

/** A person has this long to answer. */
const stateLifetimeMs = 15 * 60_000

/**
 * Without `requestState`: the request itself. Otherwise the round with the state that the handler gave to the round
 * before. Throws unless the seal is intact and was made for this person and for the same request.
 */
export function stateOf(sealer: StateSealer, server: string, request: UpstreamRequest): Round {
  const { requestState } = request.params
  if (requestState === undefined) return request
  const kind = kindOf(server, request)
  const opened = typeof requestState === 'string' ? sealer.open(kind, request.person, requestState, Date.now()) : undefined
  if (typeof opened !== 'object' || opened === null || !('state' in opened))
    throw new UpstreamRpcError(INVALID_PARAMS, 'Invalid or expired requestState')
  const { params, client, onNotification } = request
  return { params, client, onNotification, state: opened.state }
}

/** The `input_required` result, its state sealed. Throws when the client lacks a capability that a request needs. */
export function sealedAnswer(sealer: StateSealer, server: string, request: UpstreamRequest, { requests, state }: InputRequired) {
  const missing = missingCapabilities(request.client.capabilities, Object.values(requests))
  if (missing) throw new UpstreamRpcError(MISSING_CAPABILITY, 'The client lacks a capability this needs', { requiredCapabilities: missing })
  if (state === undefined) return { resultType: 'input_required', inputRequests: requests }
  const requestState = sealer.seal(kindOf(server, request), request.person, { state }, Date.now() + stateLifetimeMs)
  return { resultType: 'input_required', inputRequests: requests, requestState }
}

/** The kind under which a state is sealed: the state is valid only for the same method, name or URI, and arguments. */
function kindOf(server: string, { method, params }: UpstreamRequest): string {
  const { name, uri, arguments: args = {} } = params
  const digest = createHash('sha256')
    .update(canonical([name ?? uri, args]))
    .digest('base64url')
  return `round ${server} ${method} ${digest}`
}
