import { z } from 'zod'
import type { Caller } from '../../server-kit/context.ts'
import type { GatewayView } from '../../server-kit/gateway-view.ts'
import { meta } from './server.ts'

export const whoami = meta.tool({
  name: 'whoami',
  description: 'Who you act for: user, groups, client, how the session was opened, when its token ends.',
  level: 'read',
  input: z.strictObject({}),
  output: z.object({
    user: z.string(),
    groups: z.array(z.string()),
    client: z.string(),
    acted_by: z.string().optional(),
    token_expires: z.string(),
    policy_revision: z.int(),
  }),
  run: (_args, context) => identityOf(context),
})

/** The caller and the way of authentication, in the fields of the answer. */
export function identityOf({ caller, gateway }: { caller: Caller; gateway: GatewayView }) {
  const { client, actor, expiresAtMs } = gateway.authentication
  return {
    user: caller.handle,
    groups: [...caller.groups],
    client,
    ...(actor === undefined ? {} : { acted_by: actor }),
    token_expires: new Date(expiresAtMs).toISOString(),
    policy_revision: gateway.revision,
  }
}
