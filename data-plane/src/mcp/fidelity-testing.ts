import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { legacyRequest, MODERN, modernRequest, testPlane } from '../testing.ts'
import type { TestPlane } from '../testing.ts'
import { serverOf } from '../upstream/testing.ts'

export type Era = 'legacy' | 'modern'
export type How = 'as one body' | 'as a stream, byte by byte'

/** What a server says to a call, in JSON. */
interface Said {
  /** The member of its answer: `"result":…` or `"error":…`. */
  readonly answer: string
  /** Parameters of a notification before it; only where it streams. */
  readonly notified?: string
  /** Parameters of what it asks to be sampled first. */
  readonly asks?: string
}

interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  /** The bodies of calls, and of answers to what was asked, as they came. */
  readonly heard: string[]
  say(what: Said): void
}

/** Numbers of JSON have no end, and nor have the ids of some servers. */
const askId = '12345678901234567890'
const lists = '"ttlMs":0,"cacheScope":"private","tools":[{"name":"t","inputSchema":{"type":"object"}}]'
const answers: Record<Era, Record<string, string>> = {
  legacy: {
    initialize: '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}',
    'tools/list': `{${lists}}`,
  },
  modern: {
    'server/discover': `{"resultType":"complete","supportedVersions":["${MODERN}"],"capabilities":{"tools":{}}}`,
    'tools/list': `{"resultType":"complete",${lists}}`,
  },
}

/** A server of one tool that says what it is told to. */
export async function scriptedServer(era: Era, how: How): Promise<ScriptedServer> {
  let now: Said = { answer: '"result":{}' }
  const heard: string[] = []
  let answered = () => {}

  async function call(body: string, id: number, response: ServerResponse): Promise<void> {
    heard.push(body)
    const stream = (message: string) => trickle(response, eventOf(message))
    const asks = now.asks !== undefined && !body.includes('"inputResponses"')
    if (asks && era === 'modern') return reply(response, id, `"result":${inputRequired(now.asks)}`)
    if (asks) {
      const waiting = new Promise<void>((resolve) => (answered = resolve))
      await stream(`{"jsonrpc":"2.0","id": ${askId},"method":"sampling/createMessage","params":${now.asks}}`)
      await waiting
    }
    if (how === 'as one body' && !asks) return reply(response, id, now.answer)
    if (now.notified !== undefined) await stream(`{"jsonrpc":"2.0","method":"com.example/x","params":${now.notified}}`)
    await stream(`{"jsonrpc":"2.0", "id":${id},${now.answer}}`)
    response.end()
  }

  const server = await serverOf(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const body = await text(request)
    const { id, method } = JSON.parse(body) as { id?: number; method?: string }
    if (method === 'tools/call' && id !== undefined) return call(body, id, response)
    if (method === undefined) {
      heard.push(body)
      answered()
    }
    if (id === undefined || method === undefined) return response.writeHead(202).end()
    const result = answers[era][method]
    return reply(response, id, result === undefined ? '"error":{"code":-32601,"message":"no"}' : `"result":${result}`, result ? 200 : 404)
  })
  return { url: server.url, heard, say: (what) => void (now = what), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const inputRequired = (params = '{}') =>
  `{"resultType":"input_required","requestState":"s","inputRequests":{"q":{"method":"sampling/createMessage","params":${params}}}}`

function reply(response: ServerResponse, id: number, member: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0", "id":${id},${member}}`)
}

const eventOf = (message: string) => `: hello\r\nevent: message\rdata:${message.replaceAll('\n', '\r\ndata:')}\r\n\r\n`

async function trickle(response: ServerResponse, stream: string): Promise<void> {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  // What is written in one turn goes out as one piece.
  for (const byte of Buffer.from(stream)) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve))
}

/** A plane before it, whose policy has it as `things`. */
export async function planeBeforeScripted({ url }: ScriptedServer): Promise<TestPlane> {
  const remote = RemoteSettings.parse({ url })
  const entry = { kind: 'remote' as const, title: 'T', remote, tools: { t: { level: 'read' as const } } }
  return testPlane({ grants: { things: { user: [{ level: 'destroy' }] } } }, [], { things: entry })
}

/** A call as a client writes it: its parameters but for the name, and the members of `_meta`, in JSON. */
interface Asked {
  readonly params: string
  readonly meta: string
  /** What it says to a question: the member of a response. */
  readonly answers?: string
}

export interface Caller {
  /** All messages the gateway sends it in turn, the last one the answer. */
  call(asked: Asked): Promise<string[]>
}

const capabilities = { sampling: {} }

/** A client that reads and writes no JSON of its own. */
export async function callerOf(era: Era, plane: TestPlane, path: string): Promise<Caller> {
  const url = plane.url + path
  const token = await plane.token()
  const name = path === '/mcp' ? 'things_t' : 't'
  const written = ({ params, meta }: Asked, more: string, own: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}",${params},"_meta":{${own}${meta}}${more}}}`
  if (era === 'modern') {
    const envelope = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': capabilities }
    const own = `${JSON.stringify(envelope).slice(1, -1)},`
    const init = modernRequest(token, 'tools/call', { name })
    const send = async (body: string) => messagesIn(await fetch(url, { ...init, body }))
    return {
      async call(asked) {
        const messages = await send(written(asked, '', own))
        const asking = JSON.parse(messages.at(-1) ?? '') as { result?: { inputRequests?: object; requestState?: string } }
        const [key] = Object.keys(asking.result?.inputRequests ?? {})
        if (key === undefined) return messages
        const answer = `"${key}":${asked.answers?.slice('"result":'.length)}`
        const state = JSON.stringify(asking.result?.requestState)
        return [...messages, ...(await send(written(asked, `,"inputResponses":{${answer}},"requestState":${state}`, own)))]
      },
    }
  }
  const begin = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'c', version: '1' } }
  const session = (await fetch(url, legacyRequest(token, 'initialize', begin))).headers.get('mcp-session-id') ?? ''
  const init = legacyRequest(token, '', {}, { 'mcp-session-id': session })
  return {
    async call(asked) {
      return messagesIn(await fetch(url, { ...init, body: written(asked, '', '') }), async (message) => {
        const id = /^\{"jsonrpc":"2.0","id":("[^"]+"),"method":"sampling/.exec(message)?.[1]
        if (id !== undefined) await fetch(url, { ...init, body: `{"jsonrpc":"2.0","id":${id}, ${asked.answers}}` })
      })
    },
  }
}

/** Whether they come as one body or as a stream; of a stream, each as soon as it is there. */
async function messagesIn(response: Response, each: (message: string) => Promise<void> = async () => {}): Promise<string[]> {
  if (response.headers.get('content-type') !== 'text/event-stream') return [await response.text()]
  const messages: string[] = []
  let rest = ''
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    const events = (rest + Buffer.from(chunk).toString('latin1')).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const lines = event.split('\n').filter((line) => line.startsWith('data: '))
      const message = Buffer.from(lines.map((line) => line.slice(6)).join('\n'), 'latin1').toString()
      if (message === '') continue
      messages.push(message)
      await each(message)
    }
  }
  return messages
}
