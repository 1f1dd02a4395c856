import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiErrorCode } from '@bir/sdk/contract/api'
import { GraphQLError, parse } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { GraphiQLOptions, Plugin } from 'graphql-yoga'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import type { Operations } from '../../base/perform.ts'
import type { FaceParts, NodeHandler } from '../trpc/trpc.ts'
import { MAX_TOKENS, tooMuch } from './limits.ts'
import { schemaOf } from './schema.ts'

export interface GraphqlParts extends FaceParts {
  /** The page to try questions on. Stage local only. */
  graphiql: boolean
}

/** Nobody is signed in on this page: it says how to ask as a person. Headers stay in the tab, never in the browser's storage. */
const page: GraphiQLOptions = {
  title: 'Bir MCP: GraphQL',
  defaultQuery: `# Ask as a person. This prints a token for this API:
#
#   npm run -s bir -- token alice --api
#
# Put it into "Headers" below, in place of TOKEN. People may ask about themselves; administrators may ask and change everything.

{
  selections(user: "alice") {
    servers
  }
}
`,
  headers: JSON.stringify({ Authorization: 'Bearer TOKEN' }, null, 2),
  defaultEditorToolsVisibility: 'headers',
  shouldPersistHeaders: false,
}

const maxBodyBytes = 16 * 1024 * 1024

/** Serves `/graphql`: mount it as it is, body unread, authentication left to `ctxOf`. */
export function graphqlHandler(operations: Operations, { ctxOf, report, graphiql }: GraphqlParts): NodeHandler {
  const yoga = createYoga<{ ctx: Ctx }>({
    schema: schemaOf(operations),
    graphqlEndpoint: '/graphql',
    graphiql: graphiql && page,
    renderGraphiQL: fromHere,
    landingPage: false,
    logging: false,
    cors: false,
    multipart: false,
    batching: false,
    maxRequestBodySize: maxBodyBytes,
    // Yoga masks only what happens while executing; every refusal is to look the same.
    maskedErrors: false,
    plugins: [bounded(), plainErrors(report)],
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Asking who calls comes before reading what they say. The page itself says nothing of anyone.
    const isPage = graphiql && request.method === 'GET' && request.headers.accept?.includes('text/html') === true
    const ctx = isPage ? nobody() : await ctxOf(request)
    await yoga(request, response, { ctx })
  }
  return (request, response) => {
    answer(request, response).catch((error: unknown) => refuse(response, ApiError.from(error), report))
  }
}

/** The page with its scripts in it: nothing of it is fetched from elsewhere. It is large, so it is loaded when somebody asks for it. */
async function fromHere(options: GraphiQLOptions | undefined): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  return renderGraphiQL(options)
}

/** Stands where the page's own request has no one to ask for; any operation that used it would fail at once. */
const nobody = () => ({ actor: { id: '', label: 'nobody', administrator: false } }) as Ctx

const statuses: Record<ApiErrorCode, number> = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  invalid_input: 400,
  conflict: 409,
  unavailable: 503,
  internal: 500,
}

function refuse(response: ServerResponse, { code, message, cause }: ApiError, report: FaceParts['report']): void {
  if (code === 'internal') report(cause)
  if (response.headersSent) return
  const headers = { 'content-type': 'application/json', ...(code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}) }
  response.writeHead(statuses[code], headers)
  response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }))
}

/** Refuses what is too long to read, too deep or too dear, before any of it is done. */
function bounded(): Plugin {
  return {
    onParse: ({ setParseFn }) => setParseFn((source: string) => parse(source, { maxTokens: MAX_TOKENS })),
    onExecute: ({ args, setResultAndStopExecution }) => {
      const refusal = tooMuch(args.document, args.variableValues ?? {})
      if (refusal) setResultAndStopExecution({ errors: [refusal] })
    },
  }
}

function plainErrors(report: FaceParts['report']): Plugin {
  return {
    onResultProcess({ result, setResult }) {
      if (!('errors' in result) || !result.errors) return
      setResult({ ...result, errors: result.errors.map((error) => plain(error, report)) })
    },
  }
}

/**
 * `extensions.code` is the contract's. A question that cannot be read or does not fit the schema is the caller's to mend and
 * has no path; what goes wrong at a field is an operation's own refusal, or ours and kept inside.
 */
function plain(error: GraphQLError, report: FaceParts['report']): GraphQLError {
  const { nodes, source, positions, path, extensions } = error
  const at = { nodes, source, positions, path }
  const cause = causeOf(error.cause)
  if (cause === undefined && path === undefined) {
    return new GraphQLError(error.message, { ...at, extensions: { ...extensions, code: 'invalid_input' } })
  }
  const refusal = ApiError.from(cause)
  if (refusal.code === 'internal') report(refusal.cause ?? refusal)
  return new GraphQLError(refusal.message, { ...at, extensions: { code: refusal.code } })
}

const causeOf = (error: unknown): unknown => (error instanceof GraphQLError ? causeOf(error.cause) : error)
