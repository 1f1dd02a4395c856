import { GatewayError } from '@bir/sdk/contract/errors'
import type { Incoming } from '../pipeline/call/types.ts'
import { itemsOf } from '../json/scan.ts'
import { noChannel } from '../protocol/channel/channel.ts'
import { AnswerStream } from './answer-stream.ts'
import { classify } from './classify.ts'
import { ServedByOtherPlane } from '../peers/served-by-other-plane.ts'
import { renderError } from './error-response.ts'
import { errorBody, readMessage, readResponse, resultBody } from '../protocol/json-rpc.ts'
import type { Message } from '../protocol/json-rpc.ts'
import { newCall } from './new-call.ts'
import type { IdentifiedCall } from './new-call.ts'
import { errorHeaders, sendNothing, statusOf } from '../http/respond.ts'
import type { Method, Methods } from '../pipeline/call/method.ts'

const max = 50
const version = '2025-03-26'
/** A batch that takes so long begins its answer between two messages, if none of them has begun it. */
const longMs = 10_000

/** Only revision 2025-03-26 has JSON-RPC batches. */
export async function answerBatch(methods: Methods, http: IdentifiedCall, body: unknown[], text: string): Promise<void> {
  const { request, response, endpoint, headers } = http
  if ((request.headers['mcp-protocol-version'] ?? version) !== version) {
    throw new GatewayError('invalidRequest', 'a batch', { publicMessage: 'Batches exist in 2025-03-26 alone.' })
  }
  if (body.length === 0 || body.length > max) throw new GatewayError('invalidRequest', 'a batch of no or too many messages')
  const places = itemsOf(text)
  const messages = body.map((message, at) => readAny(methods, message, text.slice(places[at]?.start, places[at]?.end)))
  if (messages.some(({ message }) => message.method === 'initialize')) throw new GatewayError('invalidRequest', 'initialize in a batch')

  const answers: string[] = []
  const stream = new AnswerStream(response, headers)
  const channel = { ...noChannel, beginIfAccepted: () => stream.beginIfAccepted() }
  const beginAtMs = performance.now() + longMs
  for (const [at, { message, method }] of messages.entries()) {
    const classified = { ...classify(message, request.headers), version } as const
    if (classified.modern) throw new GatewayError('invalidRequest', 'a modern message in a batch')
    if (at > 0 && performance.now() > beginAtMs) stream.beginIfAccepted()
    const answer = await runOne(method, newCall(http, message, classified, channel), at === 0)
    if (answer instanceof GatewayError)
      return stream.finish(statusOf(answer, false), errorBody(null, answer), errorHeaders(answer, endpoint))
    if (answer !== undefined) answers.push(answer)
  }
  if (answers.length > 0) return stream.finish(200, `[${answers.join(',')}]`)
  if (stream.streaming) return stream.end()
  sendNothing(response, 202, headers)
}

/** A batch may contain the client's answers to questions too. */
function readAny(methods: Methods, body: unknown, text: string): { message: Message; method: Method } {
  const response = readResponse(body, text)
  if (response) return { message: response, method: methods.response }
  const message = readMessage(body, text)
  return { message, method: methods.of(message.method, false) }
}

/**
 * Runs one message. `unauthenticated` and `unknownSession` are returned as errors, because they fail the whole
 * response; every other error becomes a JSON-RPC error body. Only the first message may forward the batch to another
 * plane, before anything ran.
 */
async function runOne(method: Method, call: Incoming, first: boolean): Promise<string | GatewayError | undefined> {
  const { id } = call
  try {
    const answer = await method(call)
    return id === undefined ? undefined : resultBody(id, answer.json)
  } catch (error) {
    if (error instanceof ServedByOtherPlane && first) throw error
    const shut = error instanceof GatewayError && (error.code === 'unauthenticated' || error.code === 'unknownSession')
    return shut ? error : renderError(error, id ?? null, call, call.endpoint).body
  }
}
