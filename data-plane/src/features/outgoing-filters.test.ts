import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { RemoteEntry } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import type { OutgoingFilter } from '../pipeline/filters/outgoing.ts'
import { messagesIn } from '../testing/fidelity.ts'
import { neighbours } from '../testing/neighbours.ts'
import { legacyRequest, modernRequest } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { talkativeMounted, talkativeServer, WORD } from '../testing/talkative.ts'

/** The one thing a new filter needs: to be in the list. What it changes must not reach a client on any way. */
const hidesWord: OutgoingFilter = (outgoing) => {
  const json = JSON.stringify(outgoing.value)
  return json.includes(WORD) ? { ...outgoing, value: JSON.parse(json.replaceAll(WORD, 'HIDDEN')) as never, source: undefined } : outgoing
}

/** As a filter would do it that asks somebody else. */
const hidesWordLater: OutgoingFilter = async (outgoing, context) => {
  await new Promise((resolve) => setImmediate(resolve))
  return hidesWord(outgoing, context)
}

type Kind = 'mounted' | 'legacy' | 'modern'

/** Two planes before a server that says the word in everything; requests may come to either. */
async function planesBefore(kind: Kind, filter: OutgoingFilter) {
  const stack = new AsyncDisposableStack()
  const mounted = talkativeMounted()
  let { tellUpdated } = mounted
  const remotes: Record<string, RemoteEntry> = {}
  if (kind !== 'mounted') {
    const server = stack.use(await talkativeServer(kind))
    ;({ tellUpdated } = server)
    const tools = { talk: { level: 'read' as const }, fail: { level: 'read' as const } }
    remotes['things'] = { kind: 'remote', title: 'Things', remote: RemoteSettings.parse({ url: server.url }), tools }
  }
  const grants = { things: { user: [{ level: 'destroy' as const }] } }
  const planes = stack.use(await neighbours({ grants }, kind === 'mounted' ? [mounted.server] : [], remotes, { moreFilters: [filter] }))
  const [home, other] = [await planes.start('home'), await planes.start('other')]
  return { home, other, tellUpdated: () => tellUpdated(), [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Puts a request to the endpoint, answers what it is asked meanwhile, and gives every message that came. */
interface Client {
  ask(method: string, params?: Record<string, unknown>): Promise<string[]>
  /** Everything that the stream for changes has brought so far. */
  readonly streamed: string[]
  close(): void
}

const capabilities = { elicitation: { form: {} }, sampling: {} }
const answerTo = (question: string) =>
  question.includes('"elicitation/create"')
    ? { action: 'accept', content: { a: 'b' } }
    : { role: 'assistant', content: { type: 'text', text: 'b' }, model: 'm' }

async function modernClient(plane: TestPlane, path: string, uri: string): Promise<Client> {
  const token = await plane.token()
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  }
  const send = async (method: string, params: Record<string, unknown>, signal?: AbortSignal) =>
    fetch(plane.url + path, { ...modernRequest(token, method, { ...params, _meta: envelope }), ...(signal && { signal }) })
  const streamed: string[] = []
  const leave = new AbortController()
  const wanted = { toolsListChanged: true, resourceSubscriptions: [uri] }
  void messagesIn(await send('subscriptions/listen', { notifications: wanted }, leave.signal), async (message) => {
    streamed.push(message)
  }).catch(() => undefined)
  return {
    streamed,
    close: () => leave.abort(),
    async ask(method, params = {}) {
      const messages = await messagesIn(await send(method, params))
      const last = JSON.parse(messages.at(-1) ?? '{}') as { result?: { inputRequests?: object; requestState?: string } }
      const [key] = Object.keys(last.result?.inputRequests ?? {})
      if (key === undefined) return messages
      const again = { ...params, inputResponses: { [key]: answerTo(messages.at(-1) ?? '') }, requestState: last.result?.requestState }
      return [...messages, ...(await messagesIn(await send(method, again)))]
    },
  }
}

/** Its session lives at one plane, and its requests come to another. */
async function legacyClient(home: TestPlane, plane: TestPlane, path: string, uri: string): Promise<Client> {
  const token = await home.token()
  const begin = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'c', version: '1' } }
  const begun = await fetch(home.url + path, legacyRequest(token, 'initialize', begin))
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
  const introduction = await begun.text()
  const answer = async (message: string) => {
    const id = /"id":("[^"]+"),"method":"(sampling|elicitation)/.exec(message)?.[1]
    if (id === undefined) return
    const body = `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(answerTo(message))}}`
    await fetch(plane.url + path, { ...legacyRequest(token, '', {}, session), body })
  }
  const streamed: string[] = []
  const leave = new AbortController()
  const headers = { ...session, authorization: `Bearer ${token}`, accept: 'text/event-stream' }
  void messagesIn(await fetch(plane.url + path, { headers, signal: leave.signal }), async (message) => {
    streamed.push(message)
    await answer(message)
  }).catch(() => undefined)
  const ask: Client['ask'] = async (method, params = {}) =>
    method === 'initialize'
      ? [introduction]
      : messagesIn(await fetch(plane.url + path, legacyRequest(token, method, params, session)), answer)
  await ask('resources/subscribe', { uri })
  return { streamed, ask, close: () => leave.abort() }
}

const everyWay = (['mounted', 'legacy', 'modern'] as const).flatMap((server) =>
  (['modern', 'legacy', 'legacy, after forwarding'] as const).flatMap((client) =>
    ['/mcp/things', '/mcp'].flatMap((path) => [
      { server, client, path, filter: hidesWord },
      { server, client, path, filter: hidesWordLater },
    ]),
  ),
)

test.for(everyWay)(
  'a filter in the list ($filter.name) is applied to all that a $server server says to a $client client at $path',
  async ({ server, client: era, path, filter }) => {
    await using planes = await planesBefore(server, filter)
    const { home, other } = planes
    const isAggregate = path === '/mcp'
    const named = (name: string) => (isAggregate ? `things_${name}` : name)
    const uri = isAggregate ? `mcp+things:x:${WORD}` : `x:${WORD}`
    const client =
      era === 'modern' ? await modernClient(home, path, uri) : await legacyClient(home, era === 'legacy' ? home : other, path, uri)
    const ref = { type: 'ref/prompt', name: named('p') }

    const introduction = era === 'modern' ? 'server/discover' : 'initialize'
    await expect.poll(async () => (await client.ask('tools/list')).join(), { message: 'the tools of the server' }).toContain('HIDDEN')
    const ways: [string, Record<string, unknown>?][] = [
      ...(server === 'mounted' ? [] : ([[introduction]] as [string][])),
      ['tools/list'],
      ['prompts/list'],
      ['resources/list'],
      ['resources/templates/list'],
      ['tools/call', { name: named('talk'), arguments: {} }],
      ['tools/call', { name: named('fail'), arguments: {} }],
      ['prompts/get', { name: named('p') }],
      ['resources/read', { uri }],
      ['completion/complete', { ref, argument: { name: 'a', value: '' } }],
    ]
    for (const [method, params] of ways) {
      const text = (await client.ask(method, params)).join('\n')
      expect(text, method).toContain('HIDDEN')
      expect(text, method).not.toContain(WORD)
    }
    const call = (await client.ask('tools/call', { name: named('talk'), arguments: {} })).join('\n')
    expect(call).toContain('com.example/news')
    expect(call).toMatch(/sampling\/createMessage|elicitation\/create/)

    // An acknowledgement on /mcp repeats what the client asked for, in its own words.
    const news = () => client.streamed.filter((message) => !message.includes('acknowledged'))
    const afterChange = () => {
      planes.tellUpdated()
      return news().join()
    }
    await expect.poll(afterChange, { message: 'a change on the stream' }).toMatch(/resources\/updated.*HIDDEN/)
    if (server === 'legacy' && era !== 'modern')
      await expect.poll(() => news().join(), { message: 'a question on the stream' }).toContain('sampling/createMessage')
    expect(news().join()).not.toContain(WORD)
    client.close()
  },
)
