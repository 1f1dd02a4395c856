import type { IncomingMessage } from 'node:http'
import type { Ctx } from '../base/context.ts'
import { graphqlHandler } from './graphql/handler.ts'
import type { PageSessions } from './graphql/graphiql/page-session.ts'
import type { Mount } from '../base/http.ts'
import { errorText } from '../base/log.ts'
import type { Log } from '../base/log.ts'
import { operations } from './operations.ts'
import { trpcHandler } from './trpc/trpc.ts'

interface MountParts {
  stage: string
  ctxOf: (request: IncomingMessage) => Promise<Ctx>
  /** For GraphiQL, where it is served. */
  sessions: PageSessions
  log: Log
}

/**
 * The two faces of the API. tRPC is for our own client (the SDK, the `bir` command and the portal); GraphQL is for
 * everybody. Both call the same operations, through `perform`.
 */
export function mountsOf({ stage, ctxOf, sessions, log }: MountParts): Mount[] {
  const parts = { ctxOf, report: (error: unknown) => log('error', 'operation-failed', { why: errorText(error) }) }
  return [
    { prefix: '/trpc', handle: trpcHandler(operations, parts) },
    { prefix: '/graphql', handle: graphqlHandler(operations, { ...parts, ...(stage === 'local' && { page: sessions }) }) },
  ]
}
