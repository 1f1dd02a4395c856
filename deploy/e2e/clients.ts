import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'

/** The official clients, reduced to what the tests ask of both. */
export interface McpClient extends AsyncDisposable {
  version(): string | undefined
  tools(): Promise<string[]>
  call(name: string, args?: Record<string, unknown>): Promise<Answer>
}

const Answer = z.looseObject({
  isError: z.boolean().optional(),
  content: z.array(
    z.looseObject({ type: z.string(), text: z.string().optional(), data: z.string().optional(), mimeType: z.string().optional() }),
  ),
  structuredContent: z.looseObject({}).optional(),
})
export type Answer = z.infer<typeof Answer>

const info = { name: 'e2e', version: '1.0.0' }

/** `modern` is SDK 2.x, which asks with `server/discover`; `legacy` is SDK 1.x, which initializes. */
export type Era = 'modern' | 'legacy'

export const connect = (era: Era, url: string, token: string): Promise<McpClient> =>
  era === 'modern' ? modern(url, token) : legacy(url, token)

async function modern(url: string, token: string): Promise<McpClient> {
  const client = new Client(info, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), bearer(token)))
  return {
    version: () => client.getNegotiatedProtocolVersion(),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => Answer.parse(await client.callTool({ name, arguments: args })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function legacy(url: string, token: string): Promise<McpClient> {
  const client = new LegacyClient(info)
  const transport = new LegacyTransport(new URL(url), bearer(token))
  await client.connect(transport)
  return {
    version: () => transport.protocolVersion,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => Answer.parse(await client.callTool({ name, arguments: args })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const bearer = (token: string) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })
