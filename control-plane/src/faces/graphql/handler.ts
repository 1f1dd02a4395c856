import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiErrorCode } from '@bir/sdk/contract/api'
import { GraphQLError, parse } from 'graphql'
import type { DocumentNode } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Plugin } from 'graphql-yoga'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import type { Operations } from '../../base/perform.ts'
import { isOurs } from '../trpc/trpc.ts'
import type { FaceParts, NodeHandler } from '../trpc/trpc.ts'
import { renderGraphiql, serveAsset } from './graphiql/page.ts'
import { ctxOfPage } from './graphiql/page-session.ts'
import type { PageSessions } from './graphiql/page-session.ts'
import { asksOnlySchema } from './introspection.ts'
import { MAX_TOKENS, limitError } from './limits.ts'
import { refuseDeepNesting } from './nesting.ts'
import { schemaOf } from './schema.ts'
import { secretRequests, unspoken } from './unspoken.ts'

export interface GraphqlParts extends FaceParts {
  /** Where GraphiQL, a page to try queries on, is served: who is signed in in a browser. Only in stage local. */
  page?: PageSessions
}

interface YogaContext {
  ctx: Ctx
  /** Why the caller is nobody. Only the schema is for them. */
  refusal?: ApiError
}

const maxBodyBytes = 16 * 1024 * 1024

/** Serves `/graphql`. It reads the body itself, and `ctxOf` authenticates the request. */
export function graphqlHandler(operations: Operations, { ctxOf, report, page }: GraphqlParts): NodeHandler {
  const { plugin: watchSecrets, mayHoldSecret } = secretRequests()
  const yoga = createYoga<YogaContext>({
    schema: schemaOf(operations),
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    logging: false,
    cors: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: maxBodyBytes,
    // Yoga masks only errors of the execution. Our plugin formats all errors in the same way.
    maskedErrors: false,
    plugins: [watchSecrets, limits(), publicErrors(report, mayHoldSecret)],
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (page && (await serveAsset(request, response))) return
    if (page && request.method === 'GET' && request.headers.accept?.includes('text/html')) return servePage(page, request, response)
    // Authenticate before reading the query.
    const context = await authenticate(request)
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
    if (request.method === 'POST' && !bodyTypes.has(type ?? '')) return refuse(response, wrongType, report, 415)
    await yoga(request, response, context)
  }

  /** In GraphiQL the schema can be read before there is a token: it is public. Everything else is refused later. */
  async function authenticate(request: IncomingMessage): Promise<YogaContext> {
    try {
      return { ctx: (page && (await ctxOfPage(page, request))) ?? (await ctxOf(request)) }
    } catch (error) {
      const refusal = ApiError.from(error)
      if (!page || request.method !== 'POST' || refusal.code !== 'unauthenticated') throw error
      return { ctx: anonymousCtx(), refusal }
    }
  }
  return (request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, ApiError.from(error), report))
  }
}

/** The page itself needs nobody to be signed in: it shows no data. It says who is. */
async function servePage(page: PageSessions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { session } = await page.read(request)
  const html = await renderGraphiql(session?.user)
  const cookies = session && session.cookies.length > 0 ? { 'set-cookie': session.cookies } : {}
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...pageHeaders, ...cookies })
  response.end(html)
}

/** Nobody shows the page in a frame of their own, to have the person click there. */
const pageHeaders = { 'content-security-policy': "frame-ancestors 'none'", 'x-content-type-options': 'nosniff' }

const bodyTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/graphql+json',
  'application/graphql',
  'application/x-www-form-urlencoded',
])
const wrongType = new ApiError('invalid_input', 'The content type must be application/json: send {"query": "…"}.')

/**
 * The context for requests of the page itself. An operation that used it would fail at once, because it has no `db`.
 */
const anonymousCtx = () => ({ actor: { id: '', label: 'nobody', administrator: false } }) as Ctx

const statuses: Record<ApiErrorCode, number> = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  invalid_input: 400,
  conflict: 409,
  unavailable: 503,
  internal: 500,
}

function refuse(
  response: ServerResponse,
  { code, message, cause }: ApiError,
  report: FaceParts['report'],
  status: number = statuses[code],
): void {
  if (isOurs(code)) report(cause)
  if (response.headersSent) return
  const headers = { 'content-type': 'application/json', ...(code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}) }
  response.writeHead(status, headers)
  response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }))
}

/** Refuses queries that are too long, too deep or too costly, before anything is executed. */
function limits(): Plugin<YogaContext> {
  return {
    onParse: ({ setParseFn }) => setParseFn(boundedParse),
    onExecute: ({ args, setResultAndStopExecution }) => {
      const { refusal: noCaller } = args.contextValue
      if (noCaller && !asksOnlySchema(args.document)) return setResultAndStopExecution({ errors: [refusalError(noCaller)] })
      const refusal = limitError(args.document, args.variableValues ?? {})
      if (refusal) setResultAndStopExecution({ errors: [refusal] })
    },
  }
}

/** The answer is as it would be without GraphiQL: 401, and the reason. */
const refusalError = (refusal: ApiError) =>
  new GraphQLError(refusal.message, {
    cause: refusal,
    extensions: { http: { status: statuses[refusal.code], headers: { 'www-authenticate': 'Bearer' } } },
  })

function boundedParse(source: string): DocumentNode {
  refuseDeepNesting(source)
  return parse(source, { maxTokens: MAX_TOKENS })
}

function publicErrors(report: FaceParts['report'], mayHoldSecret: (request: Request) => boolean): Plugin {
  return {
    onResultProcess({ request, result, setResult }) {
      if (!('errors' in result) || !result.errors) return
      const speaking = { report, mayHoldSecret: mayHoldSecret(request) }
      setResult({ ...result, errors: result.errors.map((error) => publicError(error, speaking)) })
    },
  }
}

interface Speaking {
  report: FaceParts['report']
  mayHoldSecret: boolean
}

/**
 * An error as the caller sees it, with a code of the contract in `extensions.code`. An error without a path and a
 * cause is about the query itself, so the caller can correct it. Other errors come from an operation; internal ones
 * stay secret.
 */
function publicError(error: GraphQLError, { report, mayHoldSecret }: Speaking): GraphQLError {
  const { nodes, source, positions, path, extensions } = error
  const at = { nodes, source, positions, path }
  const cause = causeOf(error.cause)
  if (cause === undefined && path === undefined) {
    const { originalError: _, ...known } = extensions
    return new GraphQLError(unspoken(error, mayHoldSecret), { ...at, extensions: { ...known, code: 'invalid_input' } })
  }
  const apiError = ApiError.from(cause)
  if (apiError.code === 'internal') report(apiError.cause ?? apiError)
  return new GraphQLError(apiError.message, { ...at, extensions: { ...httpOf(extensions), code: apiError.code } })
}

/** What Yoga makes of an error over HTTP. It takes this out of the answer. */
const httpOf = ({ http }: GraphQLError['extensions']) => (http === undefined ? {} : { http })

const causeOf = (error: unknown): unknown => (error instanceof GraphQLError ? causeOf(error.cause) : error)
