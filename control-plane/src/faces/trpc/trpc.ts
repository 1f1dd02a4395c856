import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiErrorCode } from '@bir/sdk/contract/api'
import { initTRPC, TRPCError } from '@trpc/server'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { perform, procedures } from '../../base/perform.ts'
import type { Operations, Procedure } from '../../base/perform.ts'

/** What tRPC and GraphQL need from the process. */
export interface FaceParts {
  /** Authenticates a request and makes its context. Throws `ApiError('unauthenticated')`. Called once per request. */
  ctxOf(request: IncomingMessage): Promise<Ctx>
  /** Called with every internal error, so that it is logged. */
  report(error: unknown): void
}

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

const maxBodyBytes = 16 * 1024 * 1024

/** Serves all paths under `/trpc/`. It reads the body itself, and `ctxOf` authenticates the request. */
export function trpcHandler(operations: Operations, { ctxOf, report }: FaceParts): NodeHandler {
  return createHTTPHandler({
    router: routerOf(operations),
    basePath: '/trpc/',
    // A query that is too long for a URL is sent as a POST.
    allowMethodOverride: true,
    allowBatching: false,
    maxBodySize: maxBodyBytes,
    createContext: ({ req }) => ctxOf(req).catch(throwTrpcError),
    onError: ({ error }) => {
      if (isOurs(codeOf(error))) report(error.cause?.cause ?? error)
    },
  })
}

const t = initTRPC.context<Ctx>().create({
  isDev: false,
  errorFormatter: ({ error, shape }) => {
    const code = codeOf(error)
    const message = code === 'internal' ? ApiError.from(error).message : isNotJson(error) ? notJsonText : shape.message
    return { ...shape, message, data: { code, httpStatus: shape.data.httpStatus, path: shape.data.path } }
  },
})

/** V8 quotes the text that it cannot parse, and that may hold a secret. */
const isNotJson = ({ code, cause }: TRPCError) => code === 'PARSE_ERROR' || cause instanceof SyntaxError
const notJsonText = 'The input is not JSON.'

/**
 * Makes one tRPC procedure for each operation of the contract. The router is flat, with keys such as `policy.apply`,
 * because tRPC reserves names such as `apply` in nested routers.
 */
export function routerOf(operations: Operations) {
  return t.router(
    Object.fromEntries(procedures.map((procedure) => [`${procedure.group}.${procedure.name}`, procedureOf(operations, procedure)])),
  )
}

function procedureOf(operations: Operations, procedure: Procedure) {
  // tRPC passes the input on as it is: `perform` checks it.
  const builder = t.procedure.input((input: unknown) => input)
  const run = ({ ctx, input }: { ctx: Ctx; input: unknown }) => perform(operations, ctx, procedure, input).catch(throwTrpcError)
  return procedure.kind === 'query' ? builder.query(run) : builder.mutation(run)
}

const trpcCodes = {
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  invalid_input: 'BAD_REQUEST',
  conflict: 'CONFLICT',
  unavailable: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ApiErrorCode, TRPCError['code']>

function throwTrpcError(error: unknown): never {
  const cause = ApiError.from(error)
  throw new TRPCError({ code: trpcCodes[cause.code], message: cause.message, cause })
}

/** Whether a failure is for the log of the operator: it is a mistake of ours, or an outage. */
export const isOurs = (code: ApiErrorCode): boolean => code === 'internal' || code === 'unavailable'

/** Our code for an error, also for tRPC's own errors such as an unknown procedure or a body that is not JSON. */
function codeOf({ cause, code }: TRPCError): ApiErrorCode {
  if (cause instanceof ApiError) return cause.code
  if (code === 'NOT_FOUND') return 'not_found'
  return code === 'INTERNAL_SERVER_ERROR' ? 'internal' : 'invalid_input'
}
