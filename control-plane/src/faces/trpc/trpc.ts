import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiErrorCode } from '@bir/sdk/contract/api'
import { initTRPC, TRPCError } from '@trpc/server'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { perform, procedures } from '../../base/perform.ts'
import type { Operations, Procedure } from '../../base/perform.ts'

/** What a face of the API needs of the process it runs in. */
export interface FaceParts {
  /** Who asks, and with what; throws `ApiError('unauthenticated')`. Called once a request. */
  ctxOf(request: IncomingMessage): Promise<Ctx>
  /** Told of every failure that was ours, for the log. */
  report(error: unknown): void
}

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void

const maxBodyBytes = 16 * 1024 * 1024

/** Serves everything under `/trpc/`: mount it as it is, body unread, authentication left to `ctxOf`. */
export function trpcHandler(operations: Operations, { ctxOf, report }: FaceParts): NodeHandler {
  return createHTTPHandler({
    router: routerOf(operations),
    basePath: '/trpc/',
    // A question too long for an address line comes as a POST.
    allowMethodOverride: true,
    allowBatching: false,
    maxBodySize: maxBodyBytes,
    createContext: ({ req }) => ctxOf(req).catch(asTrpc),
    onError: ({ error }) => {
      if (codeOf(error) === 'internal') report(error.cause?.cause ?? error)
    },
  })
}

const t = initTRPC.context<Ctx>().create({
  isDev: false,
  errorFormatter: ({ error, shape }) => {
    const code = codeOf(error)
    const message = code === 'internal' ? ApiError.from(error).message : shape.message
    return { ...shape, message, data: { code, httpStatus: shape.data.httpStatus, path: shape.data.path } }
  },
})

/** One procedure an operation, made from the contract. Flat, by its whole path: as keys of their own tRPC reserves names such as `apply`. */
export function routerOf(operations: Operations) {
  return t.router(
    Object.fromEntries(procedures.map((procedure) => [`${procedure.group}.${procedure.name}`, procedureOf(operations, procedure)])),
  )
}

function procedureOf(operations: Operations, procedure: Procedure) {
  const unread = t.procedure.input((given: unknown) => given)
  const work = ({ ctx, input }: { ctx: Ctx; input: unknown }) => perform(operations, ctx, procedure, input).catch(asTrpc)
  return procedure.kind === 'query' ? unread.query(work) : unread.mutation(work)
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

function asTrpc(thrown: unknown): never {
  const cause = ApiError.from(thrown)
  throw new TRPCError({ code: trpcCodes[cause.code], message: cause.message, cause })
}

/** tRPC's own refusals (no such procedure, body that is no JSON) in our words. */
function codeOf({ cause, code }: TRPCError): ApiErrorCode {
  if (cause instanceof ApiError) return cause.code
  if (code === 'NOT_FOUND') return 'not_found'
  return code === 'INTERNAL_SERVER_ERROR' ? 'internal' : 'invalid_input'
}
