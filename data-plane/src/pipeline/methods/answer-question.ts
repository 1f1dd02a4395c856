import { GatewayError } from '@bir/sdk/contract/errors'
import { ServedByOtherPlane } from '../../peers/served-by-other-plane.ts'
import { ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { askingPlane } from '../../sessions/client-requests.ts'
import type { Ports } from '../call/ports.ts'
import { scopeOf } from '../call/scope.ts'
import type { Authenticated, Incoming } from '../call/types.ts'

/** A legacy client's answer to a question of a server. It goes to the plane that asked. */
export const answerQuestion =
  ({ clientRequests, node, dropped }: Pick<Ports, 'clientRequests' | 'node' | 'dropped'>) =>
  (call: Incoming & Authenticated): Cleared<object> => {
    if (call.modern) throw new GatewayError('invalidRequest', 'a response from a modern client')
    const plane = askingPlane(call.params['id'])
    if (plane !== undefined && plane !== node) throw new ServedByOtherPlane(plane)
    if (!clientRequests.settle(scopeOf(call), call.params, call.source)) dropped.count('unknown-request')
    return ownWords({})
  }
