import { fromJsonSchema, inputRequired, McpServer, ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server'
import type {
  CallToolResult,
  GetPromptResult,
  InputRequests,
  InputRequiredResult,
  RequestStateCodec,
  ServerContext,
} from '@modelcontextprotocol/server'
import type { SkillCatalog } from '@modelcontextprotocol/server/ext/skills'
import { z } from 'zod'
import { askingTools } from '../fixture/asking-tools.ts'
import { isAsking } from '../fixture/fixture.ts'
import type { Changes, FixturePrompt, FixtureTool, Json, Outcome, Round } from '../fixture/fixture.ts'
import { comingAndGoing, plainTools } from '../fixture/plain-tools.ts'
import { comingAndGoingPrompt, completionsOf, prompts } from '../fixture/prompts.ts'
import { filledTemplate, readResource, resources, template } from '../fixture/resources.ts'
import { taskTools } from '../fixture/task-tools.ts'
import { TASKS } from './tasks-front.ts'
import type { Tasks } from './tasks.ts'

export interface Parts {
  changes: Changes
  /** Seals the state between two rounds. */
  state: RequestStateCodec<Json>
  /** Served in front of the SDK, which does not implement tasks. */
  tasks: Tasks
  skills: SkillCatalog
}

/**
 * The fixture on SDK 2.x: one server per request in the modern era,
 * one per session in the legacy era, which does not have these tasks.
 */
export function modernServer({ changes, state, skills }: Parts, era: 'modern' | 'legacy'): McpServer {
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      capabilities: {
        logging: {},
        completions: {},
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        ...(era === 'modern' && { extensions: { [TASKS]: {} } }),
      },
      requestState: { verify: (sealed, ctx) => state.verify(sealed, ctx) },
    },
  )
  const answer = async (ctx: ServerContext, run: (round: Round) => Outcome | Promise<Outcome>) => {
    const outcome = await run(roundOf(server, ctx))
    return isAsking(outcome) ? toInputRequired(outcome, state) : outcome.result
  }
  const addTool = (tool: FixtureTool) => {
    const { name, description, inputSchema } = tool
    const call = async (args: Json, ctx: ServerContext) => (await answer(ctx, (round) => tool.run(args, round))) as CallToolResult
    if (!inputSchema) return server.registerTool(name, { description }, (ctx) => call({}, ctx))
    return server.registerTool(name, { description, inputSchema: fromJsonSchema<Json>(inputSchema) }, call)
  }
  const addPrompt = (prompt: FixturePrompt) => {
    const { name, description } = prompt
    const get = async (args: Json, ctx: ServerContext) => (await answer(ctx, async (round) => prompt.get(args, round))) as GetPromptResult
    if (prompt.arguments.length === 0) return server.registerPrompt(name, { description }, (ctx) => get({}, ctx))
    const fields = prompt.arguments.map((argument) => [argument.name, z.string().describe(argument.description)])
    return server.registerPrompt(name, { description, argsSchema: z.object(Object.fromEntries(fields)) }, get)
  }

  for (const tool of [...plainTools(changes), ...askingTools, ...taskTools]) addTool(tool)
  for (const prompt of prompts) addPrompt(prompt)
  const toggled = { tools: addTool(comingAndGoing), prompts: addPrompt(comingAndGoingPrompt) }
  for (const list of ['tools', 'prompts'] as const) if (!changes.has(list)) toggled[list].disable()
  // Enabling and disabling notifies the connected client.
  const forget = changes.onChange((list) => (changes.has(list) ? toggled[list].enable() : toggled[list].disable()))
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way
  server.server.onclose = forget

  addResources(server)
  skills.attach(server)
  return server
}

function addResources(server: McpServer): void {
  for (const { uri, name, description, mimeType } of resources) {
    server.registerResource(name, uri, { description, mimeType }, () => read(uri))
  }
  const { name, uriTemplate, description, mimeType } = template
  server.registerResource(name, new ResourceTemplate(uriTemplate, { list: undefined }), { description, mimeType }, (uri, { id }) => ({
    contents: [{ uri: uri.href, mimeType, text: filledTemplate(String(id)) }],
  }))
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
  server.server.setRequestHandler('completion/complete', ({ params }) => {
    const values = completionsOf(params.argument.value)
    return { completion: { values, total: values.length, hasMore: false } }
  })
}

function read(uri: string) {
  const contents = readResource(uri)
  if (!contents) throw new ResourceNotFoundError(uri)
  return { contents: [contents as { uri: string; text: string }] }
}

async function toInputRequired(
  { asks, state: roundState }: Extract<Outcome, { asks: unknown }>,
  state: Parts['state'],
): Promise<InputRequiredResult> {
  const requestState = roundState && (await state.mint(roundState))
  return inputRequired({ inputRequests: asks as unknown as InputRequests, ...(requestState !== undefined && { requestState }) })
}

function roundOf(server: McpServer, { mcpReq, http }: ServerContext): Round {
  return {
    answers: mcpReq.inputResponses ?? {},
    state: mcpReq.requestState<Json>(),
    capabilities: { ...server.server.getClientCapabilities() },
    log: (text) => mcpReq.log('info', text),
    async progress(progress, total) {
      const progressToken = mcpReq._meta?.progressToken
      if (progressToken === undefined) return
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } })
    },
    dropStream: () => http?.closeSSE?.(),
  }
}
