import { GatewayError } from '@bir/sdk/contract/errors'
import type { Methods } from '../pipeline/index.ts'
import type { Incoming } from '../pipeline/types.ts'
import { noChannel } from './channel.ts'
import { classify } from './classify.ts'
import type { Http } from './exchange.ts'
import { failed } from './failed.ts'
import { readMessage, resultBody } from './json-rpc.ts'
import { newCall } from './new-call.ts'
import { sendError, sendJson, sendNothing } from './respond.ts'

const most = 50
const version = '2025-03-26'

/** JSON-RPC batches exist in revision 2025-03-26 alone. */
export async function answerBatch(methods: Methods, http: Http, body: unknown[]): Promise<void> {
  const { request, response, endpoint, headers } = http
  if ((request.headers['mcp-protocol-version'] ?? version) !== version) {
    throw new GatewayError('invalidRequest', 'a batch', { say: 'Batches exist in 2025-03-26 alone.' })
  }
  if (body.length === 0 || body.length > most) throw new GatewayError('invalidRequest', 'a batch of no or too many messages')
  const messages = body.map((one) => readMessage(one))
  if (messages.some(({ method }) => method === 'initialize')) throw new GatewayError('invalidRequest', 'initialize in a batch')

  const answers: string[] = []
  for (const message of messages) {
    const classified = { ...classify(message, request.headers), version } as const
    if (classified.modern) throw new GatewayError('invalidRequest', 'a modern message in a batch')
    const answer = await one(methods, newCall(http, message, classified, noChannel))
    if (answer instanceof GatewayError) return sendError(response, answer, { id: null, modern: false, endpoint, headers })
    if (answer !== undefined) answers.push(answer)
  }
  if (answers.length === 0) return sendNothing(response, 202, headers)
  sendJson(response, 200, `[${answers.join(',')}]`, headers)
}

/** Gives the fault itself where somebody may not come in at all: then the status of the whole says so. */
async function one(methods: Methods, call: Incoming): Promise<string | GatewayError | undefined> {
  const { id } = call
  try {
    const answer = await methods.of(call.method, false)(call)
    return id === undefined ? undefined : resultBody(id, answer.json)
  } catch (error) {
    const shut = error instanceof GatewayError && (error.code === 'unauthenticated' || error.code === 'unknownSession')
    return shut ? error : failed(error, id ?? null, call, call.endpoint).body
  }
}
