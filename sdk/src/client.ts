import { z } from 'zod'
import { api, API_ERRORS } from './contract/api.ts'
import type { Api, ApiErrorCode } from './contract/api.ts'
import { schemaFaults } from './contract/schema-faults.ts'
import { parseKnownMembers } from './contract/known-members.ts'

/** A call of the control plane that failed. `message` is for a person, `code` for a program. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly code: ApiErrorCode
  /** The HTTP status of the answer. Undefined when there was no answer. */
  readonly httpStatus: number | undefined

  constructor(code: ApiErrorCode, message: string, options: { httpStatus?: number | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.httpStatus = options.httpStatus
  }
}

interface Operation {
  kind: 'query' | 'mutation'
  input: z.ZodType
  output: z.ZodType
}

/**
 * The input can be left out when nothing in it is required. (zod
 * infers an empty strict object as a record without values.)
 */
type InputArgs<I> = string extends keyof I ? [input?: I] : Partial<I> extends I ? [input?: I] : [input: I]
type Call<O extends Operation> = (...args: InputArgs<z.input<O['input']>>) => Promise<z.output<O['output']>>

/** A client of the control plane: every operation of its API as `client.<group>.<operation>(input)`. */
export type Client = { readonly [G in keyof Api]: { readonly [O in keyof Api[G]]: Api[G][O] extends Operation ? Call<Api[G][O]> : never } }

export interface ClientOptions {
  /** The address of the control plane, such as `https://gateway.example.com`. */
  url: string
  /** A bearer token, or a function that returns one for each call, which it is told. */
  token: string | ((request: { method: string; url: string }) => string | Promise<string>)
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch
  /** How long to wait for the whole answer to a query and to a mutation, in ms. Without it, 30 s and 60 s. */
  timeoutMs?: Timeouts | undefined
}

type Timeouts = Record<Operation['kind'], number>

/** A mutation answers after its revision of the policy is published, which takes longer than a query. */
const defaultTimeoutMs: Timeouts = { query: 30_000, mutation: 60_000 }

/** Creates a client of the control plane. It runs wherever there is `fetch`. Calls reject with `ApiFailure`. */
export function createClient(options: ClientOptions): Client {
  const base = `${options.url.replace(/\/+$/, '')}/trpc/`
  const groups = Object.entries(api).map(([group, operations]) => {
    const calls = Object.entries(operations).map(([name, operation]: [string, Operation]) => [
      name,
      (input: unknown = {}) => call(options, `${base}${group}.${name}`, operation, input),
    ])
    return [group, Object.fromEntries(calls)]
  })
  return Object.fromEntries(groups) as Client
}

async function call({ token, fetch: send = fetch, timeoutMs }: ClientOptions, address: string, operation: Operation, input: unknown) {
  const { url, ...request } = requestOf(address, operation, input)
  const bearer = typeof token === 'string' ? token : await token({ method: request.method, url })
  const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${bearer}` }

  const limitMs = (timeoutMs ?? defaultTimeoutMs)[operation.kind]
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), limitMs)
  let answer: Answer
  try {
    const response = await send(url, { ...request, headers, signal: limit.signal })
    answer = { response, text: await response.text() }
  } catch (cause) {
    const { origin } = new URL(address)
    throw new ApiFailure(
      'unavailable',
      limit.signal.aborted ? silenceAt(origin, operation, limitMs) : `The gateway does not answer at ${origin}.`,
      { cause },
    )
  } finally {
    clearTimeout(timer)
  }
  return resultOf(answer, address, operation)
}

interface Answer {
  response: Response
  text: string
}

const silenceAt = (origin: string, { kind }: Operation, limitMs: number) =>
  `The gateway at ${origin} has not answered for ${limitMs / 1000} s: its control plane hangs or has too much to do. ` +
  (kind === 'query'
    ? 'Look at its log, and try again.'
    : 'The change may be made all the same: look at its log, and whether it was made, before you try again.')

/** A query with a longer URL is sent as POST, because servers and proxies limit the length of a URL. */
const maxUrlChars = 4_000

function requestOf(address: string, { kind }: Operation, input: unknown) {
  const body = JSON.stringify(input)
  if (kind === 'mutation') return { url: address, method: 'POST', body }
  const url = `${address}?input=${encodeURIComponent(body)}`
  return url.length > maxUrlChars ? { url: address, method: 'POST', body } : { url, method: 'GET' }
}

const Success = z.object({ result: z.object({ data: z.unknown() }) })
const Refusal = z.object({
  error: z.object({ message: z.string(), data: z.object({ code: z.string().optional() }).optional() }),
})

async function resultOf({ response, text }: Answer, address: string, { output }: Operation) {
  const { status: httpStatus } = response
  const operation = address.slice(address.lastIndexOf('/') + 1)
  const body = jsonOf(text)

  const refusal = Refusal.safeParse(body)
  if (refusal.success) {
    const { message, data } = refusal.data.error
    throw new ApiFailure(codeOf(httpStatus, data?.code), message, { httpStatus })
  }
  const success = Success.safeParse(body)
  if (!response.ok || !success.success) {
    throw new ApiFailure(
      codeOf(httpStatus),
      `${new URL(address).origin} answered ${httpStatus} to ${operation}, and not as a gateway would.`,
      {
        httpStatus,
      },
    )
  }
  const parsed = parseKnownMembers(output, success.data.result.data)
  if (parsed.success) return parsed.data
  throw new ApiFailure('internal', `The answer to ${operation} breaks the contract: ${schemaFaults(parsed.error)}`, {
    httpStatus,
    cause: parsed.error,
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const codes: ReadonlySet<string> = new Set(API_ERRORS)
const isCode = (text: string | undefined): text is ApiErrorCode => text !== undefined && codes.has(text)

/**
 * The code that the gateway names. Failures of a proxy or of
 * tRPC's parsing name none of ours: then the status decides.
 */
function codeOf(httpStatus: number, named?: string): ApiErrorCode {
  if (isCode(named)) return named
  if (httpStatus === 401) return 'unauthenticated'
  if (httpStatus === 403) return 'forbidden'
  if (httpStatus === 404) return 'not_found'
  if (httpStatus === 409) return 'conflict'
  if ([400, 413, 414, 415, 422].includes(httpStatus)) return 'invalid_input'
  return [408, 429, 502, 503, 504].includes(httpStatus) ? 'unavailable' : 'internal'
}
