import { modernRequest } from '@bir/data-plane/testing'
import { z } from 'zod'
import type { Json } from '../fixture/fixture.ts'
import type { Driver } from './driver.ts'

interface Drive {
  driver: Driver
  /** Sends a request of the modern era without an SDK, and returns its result. */
  raw(method: string, params?: Json): Promise<Json>
  /** The data that the suite passes to the client beside the URL. */
  context: unknown
}

interface Scenario {
  /** The tools of the suite's server. The policy must have them before they can be called. */
  tools: string[]
  run(drive: Drive): Promise<void>
}

const listTools = async ({ driver }: Drive) => void (await driver.tools())

const callTools =
  (...names: string[]) =>
  async ({ driver }: Drive) => {
    await driver.tools()
    for (const name of names) await driver.call(name)
  }

const calling = (...names: string[]): Scenario => ({ tools: names, run: callTools(...names) })

const Context = z.looseObject({ toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })) })
const Tools = z.array(z.looseObject({ name: z.string(), inputSchema: z.record(z.string(), z.unknown()) }))

const invalidTools = [
  'empty_header',
  'object_header',
  'array_header',
  'null_header',
  'number_header',
  'duplicate_same_case',
  'duplicate_diff_case',
  'space_in_name',
  'colon_in_name',
  'non_ascii_name',
  'control_char_name',
].map((fault) => `invalid_${fault}`)

/** The requests that each client scenario of the suite expects, sent through the gateway. */
export const scenarios: Record<string, Scenario> = {
  initialize: { tools: [], run: listTools },
  'request-metadata': { tools: [], run: listTools },
  'json-schema-ref-no-deref': { tools: ['lookup_user'], run: listTools },
  tools_call: { tools: ['add_numbers'], run: ({ driver }) => driver.call('add_numbers', { a: 5, b: 3 }) },
  'elicitation-sep1034-client-defaults': calling('test_client_elicitation_defaults'),
  'sse-retry': calling('test_reconnection'),
  'sep-2322-client-request-state': calling('test_mrtr_echo_state', 'test_mrtr_unrelated', 'test_mrtr_no_state', 'test_mrtr_no_result_type'),
  'http-standard-headers': {
    tools: ['test_headers', 'my-hyphenated-tool'],
    async run(drive) {
      await callTools('test_headers', 'my-hyphenated-tool')(drive)
      await drive.driver.readAll()
      await drive.driver.getAll()
    },
  },
  'http-custom-headers': {
    tools: ['test_custom_headers', 'test_custom_headers_null'],
    async run({ driver, context }) {
      await driver.tools()
      for (const { name, arguments: args } of Context.parse(context).toolCalls) await driver.call(name, args)
    },
  },
  'http-invalid-tool-headers': {
    tools: ['valid_tool', ...invalidTools],
    // Without the SDK, whose client would drop the invalid tools itself. So every tool that the gateway lists is
    // called.
    async run({ raw }) {
      const { tools } = await raw('tools/list')
      for (const { name } of Tools.parse(tools)) await raw('tools/call', { name, arguments: { region: 'eu' } })
    },
  },
  'json-schema-2020-12-preservation': {
    tools: ['json_schema_2020_12_tool', 'json_schema_echo'],
    async run({ raw }) {
      const { tools } = await raw('tools/list')
      const schema = Tools.parse(tools).find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema
      await raw('tools/call', { name: 'json_schema_echo', arguments: { schema } })
    },
  },
}

const Answer = z.looseObject({ result: z.record(z.string(), z.unknown()).optional(), error: z.unknown().optional() })

/** Sends requests as a modern client does, with `Mcp-Param-Region`, and reads JSON answers. */
export const rawRequests = (url: URL, token: string) => async (method: string, params?: Json) => {
  const { region } = (params?.['arguments'] ?? {}) as { region?: string }
  const response = await fetch(url, modernRequest(token, method, params, region === undefined ? {} : { 'mcp-param-region': region }))
  const { result, error } = Answer.parse(await response.json())
  if (!result) throw new Error(`${method}: ${response.status} ${JSON.stringify(error)}`)
  return result
}
