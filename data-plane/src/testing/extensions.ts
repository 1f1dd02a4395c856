import type { ServerResponse } from 'node:http'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { ServerGrants } from '@bir/sdk/contract/snapshot'
import { expect } from 'vitest'
import { DAVE, modernRequest, testPlane } from './plane.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import { within } from './waiting.ts'
import { SKILLS_EXTENSION } from '../protocol/extensions/skills.ts'
import { TASKS_EXTENSION } from '../protocol/extensions/tasks.ts'

/** The one task there is, by its server's own id. */
export const OWN = 'own-1'
const working = { taskId: OWN, status: 'working', createdAt: '2026-11-28T10:00:00Z', lastUpdatedAt: '2026-11-28T10:00:00Z', ttlMs: null }

const keep = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })
const usual: Record<string, object | Promise<object>> = {
  'server/discover': {
    ...keep,
    supportedVersions: ['2026-07-28'],
    capabilities: {
      tools: {},
      resources: { listChanged: true },
      extensions: { [TASKS_EXTENSION]: {}, [SKILLS_EXTENSION]: {}, 'com.example/search': {} },
    },
  },
  'resources/list': { ...keep, resources: [] },
  'resources/templates/list': { ...keep, resourceTemplates: [] },
  'skills/list': skillsResult('refunds'),
  'tools/list': { ...keep, tools: [tool('look'), tool('wipe')] },
  'tools/call': { resultType: 'task', ...working },
  'tasks/get': { resultType: 'complete', ...working },
  'tasks/update': { resultType: 'complete' },
  'tasks/cancel': { resultType: 'complete' },
}

/** What a server answers to `skills/list`. */
export function skillsResult(...names: string[]): object {
  const skills = names.map((name) => ({ uri: `skill://${name}/SKILL.md`, frontmatter: { name, description: name }, resources: 'dynamic' }))
  return { ...keep, skills }
}

const declared = { extensions: { [TASKS_EXTENSION]: {} } }

/**
 * A server that has skills and makes a task of every call, behind a plane. The policy has it twice: as `things` and as
 * `other`. Alice and dave may use both, unless `grants` says otherwise.
 */
export async function extensionPlane(grants: Record<string, ServerGrants> = whole, settings = {}) {
  const answers = { ...usual }
  const open = new Map<number, ServerResponse>()
  const server = await modernServer(async ({ id, method, params }, { response, json }) => {
    if (method !== 'subscriptions/listen') return json(answer(id, await answers[method]))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    open.set(id, response)
    response.once('close', () => open.delete(id))
    say(response, 'notifications/subscriptions/acknowledged', { notifications: params['notifications'] })
  })
  const remote = RemoteSettings.parse({ url: server.url, era: '2026-07-28', headers: { 'x-api-key': { secret: 'key' } } })
  const entry = {
    kind: 'remote' as const,
    title: 'Things',
    remote,
    tools: { look: { level: 'read' as const }, wipe: { level: 'destroy' as const } },
  }
  const plane = await testPlane({ grants, daves: grants, settings }, [], { things: entry, other: entry })
  const tokens = { alice: await plane.token(), dave: await plane.token({ sub: DAVE }) }

  /** A request of a client that declares tasks, or the capabilities given. */
  const requestOf = (method: string, params: Record<string, unknown>, { who = 'alice', capabilities = declared }: Who = {}) =>
    modernRequest(tokens[who], method, {
      ...params,
      _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities },
    })
  // The lists of `/mcp` are complete now: they change only when the server sends a notification.
  await expect.poll(async () => (await fetch(`${plane.url}/mcp`, requestOf('tools/list', {}))).text()).toContain('things_look')
  await expect.poll(() => open.size).toBe(2)
  return {
    plane,
    asked: server.asked,
    answers,
    tokens,
    ask: async (path: string, method: string, params: Record<string, unknown>, who?: Who) => {
      const response = await fetch(plane.url + path, requestOf(method, params, who))
      return { status: response.status, ...((await response.json()) as { result?: Record<string, unknown>; error?: object }) }
    },
    /** The text of an answer. */
    read: async (path: string, method: string, params: Record<string, unknown>) =>
      (await fetch(plane.url + path, requestOf(method, params))).text(),
    listen: async (path: string, notifications: object, who?: Who) =>
      listening(await fetch(plane.url + path, requestOf('subscriptions/listen', { notifications }, who))),
    /** Sends a notification to every open listener. */
    tell: (method: string, params: object) => open.forEach((response) => say(response, method, params)),
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

interface Who {
  who?: 'alice' | 'dave'
  capabilities?: object
}

const whole: Record<string, ServerGrants> = { things: { user: [{ level: 'destroy' }] }, other: { user: [{ level: 'destroy' }] } }

/** Writes `"#123#"` as the number 123, which may be one that JavaScript cannot hold. */
const spelled = (message: object) => JSON.stringify(message).replaceAll(/"#(\d+)#"/g, '$1')

const answer = (id: number, result: object | undefined) =>
  spelled({ jsonrpc: '2.0', id, ...(result ? { result } : { error: { code: -32_601, message: 'no such method' } }) })

const say = (response: ServerResponse, method: string, params: object) =>
  void response.write(`data: ${spelled({ jsonrpc: '2.0', method, params })}\n\n`)

interface Heard {
  method: string
  params: Record<string, unknown>
}

/** Reads the messages of a listening stream one by one. The first is the acknowledgement. */
function listening(response: Response) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let buffered = ''
  const nextText = async (): Promise<string> => {
    for (;;) {
      const end = buffered.indexOf('\n\n')
      const event = end < 0 ? undefined : buffered.slice(0, end)
      if (event !== undefined) buffered = buffered.slice(end + 2)
      const data = event
        ?.split('\n')
        .find((line) => line.startsWith('data: {'))
        ?.slice(6)
      if (data !== undefined) return data
      if (event !== undefined) continue
      const { value, done } = await within(reader.read(), 'the next message of a listening stream')
      if (done) throw new Error(`the stream ended after: ${buffered}`)
      buffered += value
    }
  }
  const next = async () => JSON.parse(await nextText()) as Heard
  return { status: response.status, next, nextText, [Symbol.asyncDispose]: () => reader.cancel() }
}
