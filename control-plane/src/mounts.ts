import type { IncomingMessage } from 'node:http'
import type { Ctx } from './context.ts'
import { graphqlHandler } from './graphql/handler.ts'
import type { Mount } from './http.ts'
import { wordsOf } from './log.ts'
import type { Log } from './log.ts'
import { operations } from './operations.ts'
import { trpcHandler } from './trpc.ts'

interface MountParts {
  stage: string
  ctxOf: (request: IncomingMessage) => Promise<Ctx>
  log: Log
}

/** The two faces of the API, over the same operations. */
export function mountsOf({ stage, ctxOf, log }: MountParts): Mount[] {
  const parts = { ctxOf, report: (error: unknown) => log('error', 'operation-failed', { why: wordsOf(error) }) }
  return [
    { prefix: '/trpc', handle: trpcHandler(operations, parts) },
    { prefix: '/graphql', handle: graphqlHandler(operations, { ...parts, graphiql: stage === 'local' }) },
  ]
}
