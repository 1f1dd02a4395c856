import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Json } from '../fixture/fixture.ts'
import type { Revision } from '../suite/requirements.ts'

/** An official client, reduced to what the scenarios want done. */
export interface Driver extends AsyncDisposable {
  tools(): Promise<string[]>
  call(name: string, args?: Json): Promise<void>
  /** Lists the resources, and reads each. */
  readAll(): Promise<void>
  /** Lists the prompts, and gets each. */
  getAll(): Promise<void>
}

const info = { name: 'conformance-driver', version: '1.0.0' }

/** Accepts whatever is asked, with what the form has filled in. */
const capabilities = { elicitation: { form: { applyDefaults: true } } }
const accept = async () => ({ action: 'accept' as const, content: {} })

/** Speaks as the revision says, to a gateway in front of whatever the scenario is. */
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

/** What both lines of the SDK call alike. */
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
