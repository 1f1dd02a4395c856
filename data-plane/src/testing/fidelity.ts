import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { Settings } from '@bir/sdk/contract/settings'
import { legacyRequest, MODERN, modernRequest, testPlane } from './plane.ts'
import type { TestPlane } from './plane.ts'
import { serverOf } from '../upstream/testing.ts'

type Era = 'legacy' | 'modern'
type How = 'as one body' | 'as a stream, byte by byte'

/** What the scripted server answers to a call, in JSON. */
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

/** An id that JavaScript's numbers cannot hold. */
const askId = '12345678901234567890'
const lists = '"ttlMs":0,"cacheScope":"private","tools":[{"name":"t","inputSchema":{"type":"object"}}]'
const answers: Record<Era, Record<string, string>> = {
  legacy: {
    initialize:
      '{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"resources":{},"prompts":{}},"serverInfo":{"name":"s","version":"1"}}',
    'tools/list': `{${lists}}`,
  },
  modern: {
    'server/discover': `{"resultType":"complete","supportedVersions":["${MODERN}"],"capabilities":{"tools":{},"resources":{},"prompts":{}}}`,
    'tools/list': `{"resultType":"complete",${lists}}`,
  },
}

/**
 * A server of one tool that answers with the text a test gives it.
 * It writes bytes and parses no result: the tests that use it compare every byte, in both eras.
 */
async function scriptedServer(era: Era, how: How): Promise<ScriptedServer> {
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
    if (id !== undefined && calls.has(String(method))) return call(body, id, response)
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

const calls = new Set(['tools/call', 'resources/read', 'prompts/get'])

const inputRequired = (params = '{}') =>
  `{"resultType":"input_required","requestState":"s","inputRequests":{"q":{"method":"sampling/createMessage","params":${params}}}}`

function reply(response: ServerResponse, id: number, member: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`{"jsonrpc":"2.0", "id":${id},${member}}`)
}

const eventOf = (message: string) => `: hello\r\nevent: message\rdata:${message.replaceAll('\n', '\r\ndata:')}\r\n\r\n`

/** So many bytes of a stream are written one by one; the rest is written at once. */
const maxAlone = 4000

async function trickle(response: ServerResponse, stream: string): Promise<void> {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  const bytes = Buffer.from(stream)
  // What is written in one turn goes out as one piece.
  for (const byte of bytes.subarray(0, maxAlone)) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve))
  if (bytes.length > maxAlone) response.write(bytes.subarray(maxAlone))
}

/** A plane before it, whose policy has it as `things`. */
async function planeBeforeScripted({ url }: ScriptedServer, settings: Partial<Settings> = {}): Promise<TestPlane> {
  const remote = RemoteSettings.parse({ url })
  const entry = { kind: 'remote' as const, title: 'T', remote, tools: { t: { level: 'read' as const } } }
  return testPlane({ grants: { things: { user: [{ level: 'destroy' }] } }, settings }, [], { things: entry })
}

/** A call as a client writes it: its parameters but for the name, and the members of `_meta`, in JSON. */
interface Asked {
  /** `tools/call` where absent. */
  readonly method?: Method
  readonly params: string
  readonly meta: string
  /** What it says to a question: the member of a response. */
  readonly answers?: string
}

export interface Caller {
  /** All messages the gateway sends it in turn, the last one the answer. */
  call(asked: Asked): Promise<string[]>
}

type Method = 'tools/call' | 'resources/read' | 'prompts/get'

/** What each method is about. */
const names: Record<'alone' | 'aggregate', Record<Method, Record<string, string>>> = {
  alone: { 'tools/call': { name: 't' }, 'resources/read': { uri: 'x:y' }, 'prompts/get': { name: 'p' } },
  aggregate: { 'tools/call': { name: 'things_t' }, 'resources/read': { uri: 'mcp+things:x:y' }, 'prompts/get': { name: 'things_p' } },
}

const capabilities = { sampling: {} }

/** A client that sends and returns JSON text as it is. */
async function callerOf(era: Era, plane: TestPlane, path: string): Promise<Caller> {
  const url = plane.url + path
  const token = await plane.token()
  const named = names[path === '/mcp' ? 'aggregate' : 'alone']
  const source = ({ method = 'tools/call', params, meta }: Asked, more: string, own: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{${JSON.stringify(named[method]).slice(1, -1)},${params},"_meta":{${own}${meta}}${more}}}`
  if (era === 'modern') {
    const envelope = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': capabilities }
    const own = `${JSON.stringify(envelope).slice(1, -1)},`
    return {
      async call(asked) {
        const { method = 'tools/call' } = asked
        const init = modernRequest(token, method, named[method])
        const send = async (body: string) => messagesIn(await fetch(url, { ...init, body }))
        const messages = await send(source(asked, '', own))
        const asking = JSON.parse(messages.at(-1) ?? '') as { result?: { inputRequests?: object; requestState?: string } }
        const [key] = Object.keys(asking.result?.inputRequests ?? {})
        if (key === undefined) return messages
        const answer = `"${key}":${asked.answers?.slice('"result":'.length)}`
        const state = JSON.stringify(asking.result?.requestState)
        return [...messages, ...(await send(source(asked, `,"inputResponses":{${answer}},"requestState":${state}`, own)))]
      },
    }
  }
  const begin = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'c', version: '1' } }
  const session = (await fetch(url, legacyRequest(token, 'initialize', begin))).headers.get('mcp-session-id') ?? ''
  const init = legacyRequest(token, '', {}, { 'mcp-session-id': session })
  return {
    async call(asked) {
      return messagesIn(await fetch(url, { ...init, body: source(asked, '', '') }), async (message) => {
        const id = /^\{"jsonrpc":"2.0","id":("[^"]+"),"method":"sampling/.exec(message)?.[1]
        if (id !== undefined) await fetch(url, { ...init, body: `{"jsonrpc":"2.0","id":${id}, ${asked.answers}}` })
      })
    },
  }
}

/**
 * The messages of a response, which is one JSON body or a stream. `each` is called as soon as a message of a stream
 * arrives.
 */
export async function messagesIn(response: Response, each: (message: string) => Promise<void> = async () => {}): Promise<string[]> {
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

export interface Between {
  readonly client: Era
  readonly server: Era
  readonly how: How
  readonly path: string
}

const eras = ['legacy', 'modern'] as const
const hows = ['as one body', 'as a stream, byte by byte'] as const
export const paths = ['/mcp/things', '/mcp'] as const

/** Both eras on both sides, at both endpoints, plain and streamed. */
export const everyPair: Between[] = eras.flatMap((client) =>
  eras.flatMap((server) => hows.flatMap((how) => paths.map((path) => ({ client, server, how, path })))),
)

/** A server, a plane before it and a client of it. */
export async function between({ client, server, how, path }: Between, settings: Partial<Settings> = {}) {
  const upstream = await scriptedServer(server, how)
  const plane = await planeBeforeScripted(upstream, settings)
  return {
    upstream,
    plane,
    caller: await callerOf(client, plane, path),
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}
