import { requestIdOf } from '../../protocol/request-id.ts'
import { ownWords } from '../../protocol/channel/cleared.ts'
import type { Ports } from '../call/ports.ts'
import { scopeOf } from '../call/scope.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import { resultJson } from './render.ts'

/**
 * `notifications/cancelled`. From 2026-07-28 on a client cancels by ending the stream. A call that is not here may be
 * at another plane.
 */
export const cancelCall =
  ({ callsInFlight, dropped }: Pick<Ports, 'callsInFlight' | 'dropped'>) =>
  (call: Incoming & Authenticated): Rendered => {
    const json = resultJson(ownWords({}), call.modern)
    if (call.modern) {
      dropped.count('era-has-none')
      return { json }
    }
    const requestId = requestIdOf(call.params['requestId'], () => call.source?.memberJson('requestId'))
    const isHere = callsInFlight.cancel(scopeOf(call), requestId, new Error('the client cancelled the call'))
    return isHere ? { json } : { json, broadcastToPeers: true }
  }
