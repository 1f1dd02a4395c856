import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Era } from '../clients.ts'

/** A client that stays connected, and notes each `list_changed` of tools. */
export interface ListeningClient extends AsyncDisposable {
  heard(): number
  /** The names of the tools that begin with `prefix`. */
  tools(prefix: string): Promise<string[]>
  /** The answer's JSON. */
  call(name: string, args?: Record<string, unknown>): Promise<string>
}

const info = { name: 'secrets', version: '1.0.0' }
const bearer = (token: string) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })

/** `modern` is SDK 2.x, `legacy` SDK 1.x. */
export const listeningClient = (era: Era, url: string, token: string): Promise<ListeningClient> =>
  era === 'modern' ? modern(new URL(url), token) : legacy(new URL(url), token)

async function modern(url: URL, token: string): Promise<ListeningClient> {
  let heard = 0
  const client = new Client(info, {
    versionNegotiation: { mode: 'auto' },
    listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => void heard++ } },
  })
  await client.connect(new StreamableHTTPClientTransport(url, bearer(token)))
  return {
    heard: () => heard,
    // Past its cache: what the server says now.
    tools: async (prefix) =>
      (await client.listTools({}, { cacheMode: 'refresh' })).tools.map(({ name }) => name).filter((name) => name.startsWith(prefix)),
    call: async (name, args = {}) => JSON.stringify(await client.callTool({ name, arguments: args })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function legacy(url: URL, token: string): Promise<ListeningClient> {
  let heard = 0
  const client = new LegacyClient(info)
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++)
  await client.connect(new LegacyTransport(url, bearer(token)))
  return {
    heard: () => heard,
    tools: async (prefix) => (await client.listTools()).tools.map(({ name }) => name).filter((name) => name.startsWith(prefix)),
    call: async (name, args = {}) => JSON.stringify(await client.callTool({ name, arguments: args })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}
