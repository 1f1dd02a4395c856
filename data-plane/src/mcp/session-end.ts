import { decideServer } from '@bir/sdk/contract/decide-server'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming } from '../pipeline/types.ts'
import { askerOf } from './describe.ts'

/** DELETE: the session is over here. Its id stays sealed, but opens no more at its home. */
export const endSession =
  ({ sessions }: Pick<Ports, 'sessions'>) =>
  ({ session }: Incoming & Authenticated): object => {
    if (session) sessions.of(session.id).ended = true
    return {}
  }

/** A legacy client's roots changed: the server it talks to is told, where it may talk to it. */
export const tellRootsChanged =
  ({ upstream }: Pick<Ports, 'upstream'>) =>
  async (call: Incoming & Authenticated): Promise<object> => {
    const { server } = call.endpoint
    const found = server === undefined ? undefined : upstream(server)
    if (found && server !== undefined && decideServer(call.policy, call.person, server, 'read', Date.now()).allow) {
      await found.notify(askerOf(call), { method: 'notifications/roots/list_changed' })
    }
    return {}
  }
