import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  ListRootsResultSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'

export const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })

/** Counts the calls of `hang` that were cancelled. */
export const state = { aborted: 0 }

/** A legacy server whose tools send requests and notifications while they work. */
export function things(): McpServer {
  const server = new McpServer({ name: 'things', version: '1' }, { capabilities: { logging: {}, tools: {} }, instructions: 'Be kind.' })
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => said(text))
  server.registerTool('steps', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken
    for (const progress of [1, 2]) {
      if (progressToken !== undefined) await sendNotification({ method: 'notifications/progress', params: { progressToken, progress } })
      await sendNotification({
        method: 'notifications/message',
        params: { level: progress === 1 ? 'debug' : 'error', data: `step ${progress}` },
      })
    }
    return said('done')
  })
  server.registerTool('ask', {}, async ({ sendRequest }) => {
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }
    const first = await sendRequest({ method: 'elicitation/create', params: { message: 'Who?', requestedSchema } }, ElicitResultSchema)
    const second = await sendRequest(
      { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } },
      CreateMessageResultSchema,
    )
    const third = await sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    return said(JSON.stringify([first.content, second.model, third.roots.length]))
  })
  server.registerTool('sample', {}, async ({ sendRequest }) => {
    const progressSteps: number[] = []
    const request = { method: 'sampling/createMessage' as const, params: { messages: [], maxTokens: 5 } }
    try {
      const { model } = await sendRequest(request, CreateMessageResultSchema, {
        onprogress: ({ progress }) => void progressSteps.push(progress),
      })
      return said(JSON.stringify({ model, seen: progressSteps }))
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      return said(JSON.stringify({ code: error.code, message: error.message, data: error.data }))
    }
  })
  server.registerTool('ask-vendor', {}, async ({ sendRequest }) => {
    const { word } = await sendRequest({ method: 'vendor/ask', params: { a: 1 } } as never, z.object({ word: z.string() }))
    return said(word)
  })
  server.registerTool('ask-both', {}, async ({ sendRequest }) => {
    const roots = () => sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    const [first, second] = await Promise.all([roots(), roots()])
    return said(`${first.roots.length} and ${second.roots.length}`)
  })
  server.registerTool('visit', {}, () => {
    const elicitations = [{ mode: 'url', elicitationId: 'e1', url: 'https://example.com/connect', message: 'Connect first.' }]
    throw new McpError(ErrorCode.UrlElicitationRequired, 'Connect first.', { elicitations })
  })
  server.registerTool('hang', {}, ({ signal }) => {
    signal.addEventListener('abort', () => state.aborted++)
    return new Promise(() => undefined)
  })
  server.registerResource('one', 'things://one', {}, () => {
    throw new McpError(-32002, 'Resource not found', { uri: 'things://one' })
  })
  server.registerResource('asks', 'things://asks', {}, async (_, { sendRequest }) => {
    await sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    return { contents: [] }
  })
  return server
}
