import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  LoggingLevelSchema,
  McpError,
  ReadResourceRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { LoggingLevel, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { z } from 'zod'
import { askingTools } from '../fixture/asking-tools.ts'
import { isAsking } from '../fixture/fixture.ts'
import type { Changes, Json, Outcome, Round } from '../fixture/fixture.ts'
import { comingAndGoing, plainTools } from '../fixture/plain-tools.ts'
import { comingAndGoingPrompt, completionsOf, prompts } from '../fixture/prompts.ts'
import { readResource, resources, template } from '../fixture/resources.ts'

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

const resourceNotFound = -32_002
const invalidParams = -32_602

/** The fixture on SDK 1.x: one server per session. It asks for input with its own requests to the client. */
export function legacyServer(changes: Changes): Server {
  const server = new Server(
    { name: 'conformance-fixture-legacy', version: '1.0.0' },
    {
      capabilities: {
        logging: {},
        completions: {},
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
      },
    },
  )
  const forget = changes.onChange((list) => void (list === 'tools' ? server.sendToolListChanged() : server.sendPromptListChanged()))
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way
  server.onclose = forget
  const answer = answersOn(server)

  const tools = () => [...plainTools(changes), ...askingTools, ...(changes.has('tools') ? [comingAndGoing] : [])]
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools().map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema: { ...inputSchema, type: 'object' as const },
    })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const tool = findNamed(tools(), params.name)
    return answer(extra, (round) => tool.run(params.arguments ?? {}, round))
  })

  const listedPrompts = () => [...prompts, ...(changes.has('prompts') ? [comingAndGoingPrompt] : [])]
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: listedPrompts().map(({ name, description, arguments: promptArguments }) => ({
      name,
      description,
      arguments: promptArguments.map((argument) => ({ ...argument, required: true })),
    })),
  }))
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }, extra) => {
    const prompt = findNamed(listedPrompts(), params.name)
    return answer(extra, async (round) => prompt.get(params.arguments ?? {}, round))
  })
  serveResources(server)
  return server
}

function findNamed<T extends { name: string }>(items: T[], name: string): T {
  const item = items.find((candidate) => candidate.name === name)
  if (!item) throw new McpError(invalidParams, `There is no ${name}`)
  return item
}

function serveResources(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({
    resources: resources.map(({ uri, name, description, mimeType }) => ({ uri, name, description, mimeType })),
  }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [template] }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    const contents = readResource(uri)
    if (!contents) throw new McpError(resourceNotFound, 'Resource not found', { uri })
    return { contents: [contents as { uri: string; text: string }] }
  })
  server.setRequestHandler(SubscribeRequestSchema, () => ({}))
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}))
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => {
    const values = completionsOf(params.argument.value)
    return { completion: { values, total: values.length, hasMore: false } }
  })
}

/** Runs one round after the other until there is an answer. The requests of a round are sent at the same time. */
function answersOn(server: Server) {
  let level: LoggingLevel = 'debug'
  server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
    level = params.level
    return {}
  })
  const logs = () => LoggingLevelSchema.options.indexOf('info') >= LoggingLevelSchema.options.indexOf(level)

  return async (extra: Extra, run: (round: Round) => Outcome | Promise<Outcome>): Promise<Json> => {
    const round = { ...roundOf(server, extra, logs), answers: {} as Json, state: undefined as Json | undefined }
    for (;;) {
      const outcome = await run(round)
      if (!isAsking(outcome)) return outcome.result
      const answers = Object.entries(outcome.asks).map(async ([key, request]) => [key, await ask(extra, request)] as const)
      round.answers = Object.fromEntries(await Promise.all(answers))
      round.state = outcome.state
    }
  }
}

// It ignores the declared capabilities, as servers on SDK 1.x do. The client has to refuse.
const ask = (extra: Extra, request: { method: string; params: Json }) =>
  extra.sendRequest(request as ServerRequest, z.looseObject({})) as Promise<Json>

function roundOf(server: Server, extra: Extra, logs: () => boolean): Omit<Round, 'answers' | 'state'> {
  return {
    capabilities: { ...server.getClientCapabilities() },
    async log(data) {
      if (logs()) await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
    },
    async progress(progress, total) {
      const progressToken = extra._meta?.progressToken
      if (progressToken === undefined) return
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total } })
    },
    dropStream: () => extra.closeSSEStream?.(),
  }
}
