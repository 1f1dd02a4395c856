import type { IncomingMessage, ServerResponse } from 'node:http'
import { ERRORS, GatewayError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { Cancel } from '../pipeline/cancel.ts'
import type { Method } from '../pipeline/index.ts'
import type { Journal } from '../pipeline/ports.ts'
import { ClientGone } from '../pipeline/run-tool.ts'
import type { Incoming, Rendered } from '../pipeline/types.ts'
import { classify, refuseDoubled } from './classify.ts'
import type { Classified } from './classify.ts'
import type { Endpoint } from './endpoint.ts'
import { errorBody, idIn, readMessage, resultBody } from './json-rpc.ts'
import type { Message } from './json-rpc.ts'
import { readBody } from './read-body.ts'
import { sendError, sendJson, sendNothing } from './respond.ts'
import type { Headers } from './respond.ts'

interface Options {
  methods: (method: string) => Method
  journal: Pick<Journal, 'refusal'>
  maxRequestBytes: number
}

const mostInBatch = 50
const batchVersion = '2025-03-26'

/** One HTTP exchange with an MCP endpoint: bytes in, one or (2025-03-26) several messages, bytes out. */
export class Exchange {
  private readonly options: Options

  constructor(options: Options) {
    this.options = options
  }

  async handle(request: IncomingMessage, response: ServerResponse, endpoint: Endpoint, headers: Headers): Promise<void> {
    let body: unknown
    try {
      if (request.method !== 'POST') throw new GatewayError('methodNotAllowed', `${request.method} on an MCP endpoint`)
      refuseDoubled(request.rawHeaders)
      refuseUnacceptable(request)
      body = await readBody(request, this.options.maxRequestBytes)
      if (Array.isArray(body)) return await this.batch(request, response, endpoint, headers, body)
      await this.single(request, response, endpoint, headers, readMessage(body))
    } catch (error) {
      const fault = GatewayError.from(error)
      this.refused(request, endpoint, fault)
      sendError(response, fault, { id: idIn(body), modern: false, endpoint, headers })
    }
  }

  /** Writes down a refusal that no pipeline saw. */
  refused(request: IncomingMessage, endpoint: Endpoint | undefined, error: GatewayError): void {
    const { ip, userAgent } = senderOf(request)
    const said = userAgent === undefined ? {} : { userAgent }
    const { http, rpc } = ERRORS[error.code]
    const fields = { kind: 'call', atMs: Date.now(), call: uuidv7(), ip, ...said, ...(endpoint && { endpoint: endpoint.path }) } as const
    const outcome = error.code === 'internal' ? 'failed' : 'refused'
    const why = { outcome, reason: error.reason, detail: error.message, httpStatus: http, rpcCode: rpc } as const
    this.options.journal.refusal({ ...fields, ...why }, {}).catch(() => undefined) // the spool's own fault shows on the next call
  }

  private async single(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint,
    headers: Headers,
    message: Message,
  ): Promise<void> {
    const classified = classify(message, request.headers)
    const call = newCall(message, classified, request, endpoint)
    // From 2026-07-28 on a client that goes away has cancelled; before, it may come back.
    if (call.modern) response.once('close', () => response.writableFinished || call.cancel.abort(new ClientGone('the client went away')))
    try {
      const answer = await this.options.methods(call.method)(call)
      if (call.id === undefined) return sendNothing(response, 202, headers)
      sendJson(response, 200, resultBody(call.id, answer.json), answer.headers ? { ...headers, ...answer.headers } : headers)
    } catch (error) {
      sendError(response, GatewayError.from(error), { id: call.id ?? null, modern: call.modern, endpoint, headers })
    }
  }

  /** JSON-RPC batches exist in revision 2025-03-26 alone. */
  private async batch(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint,
    headers: Headers,
    body: unknown[],
  ): Promise<void> {
    const version = request.headers['mcp-protocol-version'] ?? batchVersion
    if (version !== batchVersion) throw new GatewayError('invalidRequest', 'a batch', { say: 'Batches exist in 2025-03-26 alone.' })
    if (body.length === 0 || body.length > mostInBatch) throw new GatewayError('invalidRequest', 'a batch of no or too many messages')
    const messages = body.map(readMessage)
    if (messages.some(({ method }) => method === 'initialize')) throw new GatewayError('invalidRequest', 'initialize in a batch')

    const answers: string[] = []
    for (const message of messages) {
      const classified = { ...classify(message, request.headers), version: batchVersion } as const
      if (classified.modern) throw new GatewayError('invalidRequest', 'a modern message in a batch')
      const call = newCall(message, classified, request, endpoint)
      const answer = await this.inBatch(call)
      if (answer instanceof GatewayError) return sendError(response, answer, { id: null, modern: false, endpoint, headers })
      if (answer !== undefined) answers.push(answer)
    }
    if (answers.length === 0) return sendNothing(response, 202, headers)
    sendJson(response, 200, `[${answers.join(',')}]`, headers)
  }

  /** Gives the fault itself where somebody may not come in at all: then the status of the whole says so. */
  private async inBatch(call: Incoming): Promise<string | GatewayError | undefined> {
    const { id } = call
    try {
      const answer: Rendered = await this.options.methods(call.method)(call)
      return id === undefined ? undefined : resultBody(id, answer.json)
    } catch (error) {
      const fault = GatewayError.from(error)
      return fault.code === 'unauthenticated' || fault.code === 'unknownSession' ? fault : errorBody(id ?? null, fault)
    }
  }
}

/** With a place for all that stages will add: an object that keeps its shape is cheap to fill. */
function newCall(
  { id, method, params }: Message,
  { modern, version, sessionId, clientName }: Classified,
  request: IncomingMessage,
  endpoint: Endpoint,
): Incoming {
  const { ip, userAgent, authorization, traceId } = senderOf(request)
  const call = {
    id,
    method,
    params,
    modern,
    version,
    sessionId,
    clientName,
    ip,
    userAgent,
    authorization,
    traceId,
    endpoint,
    cancel: new Cancel(),
    startedMs: performance.now(),
    note: undefined,
    token: undefined,
    policy: undefined,
    person: undefined,
    serverId: undefined,
    server: undefined,
    tool: undefined,
    needs: undefined,
    args: undefined,
    level: undefined,
  }
  return call
}

function refuseUnacceptable({ headers: { accept = '*/*' } }: IncomingMessage): void {
  if (!/application\/(json|\*)|\*\/\*/i.test(accept)) throw new GatewayError('notAcceptable', 'the client accepts no JSON')
}

function senderOf({ socket, headers }: IncomingMessage) {
  return {
    ip: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    userAgent: headers['user-agent']?.slice(0, 300),
    authorization: headers.authorization,
    traceId: traceIdOf(headers['traceparent']),
  }
}

/** W3C Trace Context: the 32 hex digits of a traceparent. */
function traceIdOf(traceparent: string | string[] | undefined): string | undefined {
  return typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent)?.[1] : undefined
}
