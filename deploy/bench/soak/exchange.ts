import { randomBytes } from 'node:crypto'
import type { Outcome } from './tally.ts'

/** A JSON-RPC message from the gateway. */
export interface Message {
  id?: unknown
  method?: string
  result?: { isError?: boolean; content?: { text?: string }[]; resultType?: string }
  error?: { code: number; message?: string }
}

export interface Exchange {
  traceId: string
  /** Undefined when the connection was lost. */
  status: number | undefined
  /** The response, as JSON-RPC. */
  response: Message | undefined
  sessionId: string | undefined
}

interface Request {
  url: string
  headers: Record<string, string>
  body: string
  signal: AbortSignal
  /** Gets the messages that come before the response. */
  onMessage?: (message: Message) => void
}

/** Sends a request and reads its answer to the end, JSON or a stream. Never rejects. */
export async function exchange({ url, headers, body, signal, onMessage = () => undefined }: Request): Promise<Exchange> {
  const traceId = randomBytes(16).toString('hex')
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
  try {
    const answer = await fetch(url, { method: 'POST', headers: { ...headers, traceparent }, body, signal })
    const messages = messagesIn(answer.headers.get('content-type') ?? '', await readAll(answer, onMessage))
    const response = messages.find(({ result, error }) => result !== undefined || error !== undefined)
    return { traceId, status: answer.status, response, sessionId: answer.headers.get('mcp-session-id') ?? undefined }
  } catch {
    return { traceId, status: undefined, response: undefined, sessionId: undefined }
  }
}

async function readAll(answer: Response, onMessage: (message: Message) => void): Promise<string> {
  if (!answer.body) return ''
  let text = ''
  let told = 0
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    text += part
    for (let end = text.indexOf('\n\n', told); end >= 0; end = text.indexOf('\n\n', told)) {
      messagesIn('text/event-stream', text.slice(told, end)).forEach(onMessage)
      told = end + 2
    }
  }
  return text
}

function messagesIn(contentType: string, text: string): Message[] {
  if (contentType.includes('json')) return [JSON.parse(text) as Message]
  return text.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Message] : []))
}

const ownMistake = -32_603
const shortestReason = 8

/**
 * What became of an exchange. An error must say why, and may not be the gateway's own mistake. A lost connection, and
 * a refusal by a plane that starts or stops, are explained only while one does.
 */
export function outcomeOf({ status, response }: Exchange, isRestarting: boolean): Outcome {
  if (status === undefined) return { word: 'no answer', isExplained: isRestarting, isAnswered: false }
  const { result, error } = response ?? {}
  if (result?.isError) {
    const text = result.content?.[0]?.text ?? ''
    const isExplained = text.length >= shortestReason && !text.includes('made a mistake')
    return { word: 'tool error', isExplained, isAnswered: true, detail: text.slice(0, 200) }
  }
  if (result) return { word: result.resultType === 'input_required' ? 'asked' : 'answered', isExplained: true, isAnswered: true }
  if (!error) return { word: `HTTP ${status}`, isExplained: isRestarting, isAnswered: false }
  const { code, message = '' } = error
  const isExplained = message.length >= shortestReason && code !== ownMistake
  return { word: `refused ${code}`, isExplained, isAnswered: true, detail: message.slice(0, 200) }
}
