import { TASKS_EXTENSION } from '../extensions/tasks.ts'
import { SKILLS_EXTENSION } from '../extensions/skills.ts'
import { ENVELOPE_KEYS } from '../facts/envelope-keys.ts'
import { Shape } from './shape.ts'
import type { Inner } from './shape.ts'

/** Names whose values hold no names of the protocol. */
const free = (...names: string[]): Record<string, Inner> => Object.fromEntries(names.map((name) => [name, 'free']))

const capabilities = new Shape({
  ...free('experimental', 'tasks'),
  roots: new Shape(free('listChanged')),
  sampling: new Shape(free('tools', 'context')),
  elicitation: new Shape(free('form', 'url')),
  extensions: new Shape(free(TASKS_EXTENSION, SKILLS_EXTENSION, 'io.modelcontextprotocol/ui'), 'io.modelcontextprotocol/'),
})

const clientInfo = new Shape(free('name', 'title', 'version', 'description', 'websiteUrl', 'icons'))

/** `_meta` (MCP 2026-07-28, basic: the reserved keys). Keys with another prefix belong to whoever chose the prefix. */
const meta = new Shape(
  {
    ...free('progressToken', 'traceparent', 'tracestate', 'baggage', ENVELOPE_KEYS.version, ENVELOPE_KEYS.server),
    ...free('io.modelcontextprotocol/logLevel', 'io.modelcontextprotocol/related-task', 'io.modelcontextprotocol/subscriptionId'),
    [ENVELOPE_KEYS.capabilities]: capabilities,
    [ENVELOPE_KEYS.client]: clientInfo,
  },
  'io.modelcontextprotocol/',
)

/** What a client answers to elicitation, sampling and roots. `content` is the person's or the model's own. */
const answer = new Shape({
  ...free('action', 'content', 'role', 'model', 'stopReason'),
  roots: { each: new Shape({ ...free('uri', 'name'), _meta: meta }) },
  _meta: meta,
})

const inAnyParams: Record<string, Inner> = { _meta: meta, requestState: 'free', inputResponses: { each: answer }, ...free('task') }

/** `params` of a method that the protocol does not have: what else stands there belongs to its extension. */
export const foreignParams = new Shape(inAnyParams)

/** `params` of every method of the protocol. One method's name in another's parameters is nobody's either. */
export const params = new Shape({
  ...inAnyParams,
  ...free('name', 'uri', 'arguments', 'cursor', 'taskId', 'level', 'protocolVersion'),
  ...free('requestId', 'reason', 'progressToken', 'progress', 'total', 'message'),
  capabilities,
  clientInfo,
  ref: new Shape(free('type', 'name', 'uri', 'title')),
  argument: new Shape(free('name', 'value')),
  context: new Shape(free('arguments')),
  notifications: new Shape(free('toolsListChanged', 'promptsListChanged', 'resourcesListChanged', 'resourceSubscriptions', 'taskIds')),
})

/** A message of a client. What is inside `params` depends on the method. */
export const request = new Shape(free('jsonrpc', 'id', 'method', 'params', 'result', 'error'))

/** A client's answer to a question of a server. */
export const response = new Shape({
  ...free('jsonrpc', 'id', 'method', 'params'),
  result: answer,
  error: new Shape(free('code', 'message', 'data')),
})

/** An entry of a list that a server offers: a tool, a prompt, a resource, a template or a skill. */
export const entry: Shape = new Shape({
  ...free('name', 'title', 'description', 'icons', 'inputSchema', 'outputSchema', 'execution'),
  ...free('uri', 'uriTemplate', 'mimeType', 'size', 'frontmatter'),
  annotations: new Shape(free('title', 'readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint', 'audience', 'priority')),
  arguments: { each: new Shape(free('name', 'title', 'description', 'required')) },
  resources: { each: new Shape(free('uri', 'name', 'title', 'description', 'mimeType', 'size')) },
  _meta: new Shape({ ...free('ui', 'ui/resourceUri') }, 'io.modelcontextprotocol/'),
})
