import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Json } from '../fixture/fixture.ts'
import type { Revision } from '../suite/requirements.ts'

/** An official client, reduced to what the scenarios need. */
export interface Driver extends AsyncDisposable {
  tools(): Promise<string[]>
  call(name: string, args?: Json): Promise<void>
  /** Lists the resources and reads each of them. */
  readAll(): Promise<void>
  /** Lists the prompts and gets each of them. */
  getAll(): Promise<void>
}

const info = { name: 'conformance-driver', version: '1.0.0' }

/** Accepts every elicitation, with the default values of its form. */
const capabilities = { elicitation: { form: { applyDefaults: true } } }
const accept = async () => ({ action: 'accept' as const, content: {} })

/** Connects the official client of a revision. */
export const connectDriver = (revision: Revision, url: URL, token: string): Promise<Driver> =>
  revision === '2026-07-28' ? modern(url, token) : legacy(url, token)

async function modern(url: URL, token: string): Promise<Driver> {
  const client = new Client(info, { capabilities, versionNegotiation: { mode: 'auto' } })
  client.setRequestHandler('elicitation/create', accept)
  await client.connect(new StreamableHTTPClientTransport(url, bearer(token)))
  return driverOf(client)
}

async function legacy(url: URL, token: string): Promise<Driver> {
  const client = new LegacyClient(info, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, accept)
  await client.connect(new LegacyTransport(url, bearer(token)))
  return driverOf(client)
}

const bearer = (token: string) => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })

/** The methods that the clients of SDK 1.x and 2.x have in common. */
interface Official {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(call: { name: string; arguments: Json }): Promise<unknown>
  listResources(): Promise<{ resources: { uri: string }[] }>
  readResource(read: { uri: string }): Promise<unknown>
  listPrompts(): Promise<{ prompts: { name: string }[] }>
  getPrompt(get: { name: string }): Promise<unknown>
  close(): Promise<void>
}

const driverOf = (client: Official): Driver => ({
  tools: async () => (await client.listTools()).tools.map(({ name }) => name),
  async call(name, args = {}) {
    await client.callTool({ name, arguments: args })
  },
  async readAll() {
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri })
  },
  async getAll() {
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name })
  },
  [Symbol.asyncDispose]: () => client.close(),
})
