import { setTimeout as pause } from 'node:timers/promises'
import { completable, createMcpHandler, inputRequired, McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import type { InputRequests, ServerContext } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { serve } from '../conformance/upstreams/serve.ts'
import type { Upstream } from '../conformance/upstreams/serve.ts'

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })
const fields = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }

const asks: InputRequests = {
  form: { method: 'elicitation/create', params: { mode: 'form', message: 'Who are you?', requestedSchema: fields } },
  url: {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'Open this.', url: 'https://example.com/visit', elicitationId: 'e1' },
  },
  sample: {
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: { type: 'text', text: 'Hello?' } }], maxTokens: 10 },
  },
  roots: { method: 'roots/list' },
} as InputRequests

export interface ModernOnly extends Upstream {
  /** How many calls of `wait` their clients gave up. */
  givenUp(): number
  updated(uri: string): void
}

/** A server of 2026-07-28 alone that does all a server can do. */
export async function modernOnly(): Promise<ModernOnly> {
  let givenUp = 0
  const handler = createMcpHandler(() => newServer(() => givenUp++), { legacy: 'reject' })
  const served = await serve(handler.fetch, handler.close)
  return { ...served, givenUp: () => givenUp, updated: (uri) => handler.notify.resourceUpdated(uri) }
}

function newServer(gaveUp: () => void): McpServer {
  const capabilities = { logging: {}, completions: {}, tools: {}, prompts: {}, resources: { subscribe: true } }
  const server = new McpServer({ name: 'modern-only', version: '1.0.0' }, { capabilities })
  for (const [name, ask] of Object.entries(asks)) {
    server.registerTool(`ask-${name}`, { description: `Asks for a ${name}.` }, ({ mcpReq }: ServerContext) => {
      const answer = mcpReq.inputResponses?.[name]
      return answer ? said(JSON.stringify(answer)) : inputRequired({ inputRequests: { [name]: ask } })
    })
  }
  server.registerTool('work', { description: 'Reports how far it is.' }, async (context: ServerContext) => {
    for (const step of [1, 2, 3]) {
      await report(context, step)
      await context.mcpReq.log('info', `step ${step}`)
    }
    return said('worked')
  })
  server.registerTool('wait', { description: 'Waits to be given up.' }, async (context: ServerContext) => {
    const { mcpReq } = context
    await report(context, 1)
    await pause(60_000, undefined, { signal: mcpReq.signal }).catch(gaveUp)
    return said('waited')
  })
  server.registerResource('note', 'modern://note', {}, ({ href }) => ({ contents: [{ uri: href, text: 'a note' }] }))
  const numbered = new ResourceTemplate('modern://number/{n}', { list: undefined })
  server.registerResource('number', numbered, {}, ({ href }, { n }) => ({ contents: [{ uri: href, text: `number ${String(n)}` }] }))
  const name = completable(z.string(), (value) => ['Ada', 'Alan', 'Grace'].filter((one) => one.startsWith(value)))
  server.registerPrompt('greet', { argsSchema: z.object({ name }) }, ({ name: greeted }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Greet ${greeted}.` } }],
  }))
  return server
}

async function report({ mcpReq }: ServerContext, progress: number): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } })
}
