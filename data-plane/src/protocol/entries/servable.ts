import type { Fields } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'
import { HIDDEN } from '../../secrets/redact.ts'
import type { ListMethod } from '../list-methods.ts'
import { inputSchema, isLegacyOutput, mendedOutputSchema } from './tool-schemas.ts'
import { anyObject, each, every, members, moment, number, oneOf, share, text, truth, UNUSABLE } from './rules.ts'
import type { Rule } from './rules.ts'

const icons = each(
  members('an icon with a src', {
    required: { src: text },
    optional: { mimeType: text, sizes: every(text), theme: oneOf('light', 'dark') },
  }),
)
const shown = { title: text, description: text, icons, _meta: anyObject }
const annotations = members('an object', {
  optional: { audience: each(oneOf('user', 'assistant')), priority: share, lastModified: moment },
})
const toolAnnotations = members('an object', {
  optional: { title: text, readOnlyHint: truth, destructiveHint: truth, idempotentHint: truth, openWorldHint: truth },
})
const execution = members('an object', { optional: { taskSupport: oneOf('required', 'optional', 'forbidden') } })
const argument = members('an argument with a name', {
  required: { name: text },
  optional: { title: text, description: text, required: truth },
})

/**
 * What the official clients accept of each kind of entry (`@modelcontextprotocol/sdk` 1.32 and
 * `@modelcontextprotocol/client` 2.4; MCP 2025-11-25 and 2026-07-28). They reject a whole list for one entry that is
 * otherwise.
 */
const rules: Readonly<Record<ListMethod, { readonly noun: string; readonly rule: Rule }>> = {
  'tools/list': {
    noun: 'tool',
    rule: members('a tool', { required: { name: text }, optional: { ...shown, annotations: toolAnnotations, execution } }),
  },
  'prompts/list': { noun: 'prompt', rule: members('a prompt', { required: { name: text }, optional: shown }) },
  'resources/list': {
    noun: 'resource',
    rule: members('a resource', { required: { uri: text }, optional: { ...shown, mimeType: text, size: number, annotations } }),
  },
  'resources/templates/list': {
    noun: 'resource template',
    rule: members('a template', { required: { uriTemplate: text }, optional: { ...shown, mimeType: text, annotations } }),
  },
  'skills/list': { noun: 'skill', rule: members('a skill', { required: { uri: text } }) },
}

/** An entry of a server's list as clients accept it, and what was wrong with it. */
export interface Servable {
  /** The very same entry where nothing is wrong. Undefined where it cannot be offered. */
  readonly entry: Fields | undefined
  /** A sentence for each fault. It names the entry, and what is done about it. */
  readonly faults: readonly string[]
}

const maxNameChars = 1000

/**
 * Makes an entry of a list such that it cannot cost a client the rest of the list. What has a certain meaning is
 * mended; an optional member that nobody can read is left out; an entry that cannot be used at all is left out. The
 * same entry always becomes the same.
 */
export function servable(method: ListMethod, entry: unknown): Servable {
  const { noun, rule } = rules[method]
  const faults: string[] = []
  const name = displayName(entry)
  const say = (fault: string) => void faults.push(`The ${noun} ${name}: ${fault}.`)
  const mended = rule.mend(entry, '', say)
  if (mended === UNUSABLE || !isObject(mended)) return leftOut(`is no ${noun} with a ${identifierOf(method)}`)
  const identifier = mended[identifierOf(method)]
  if (typeof identifier !== 'string' || identifier === '') return leftOut(`its ${identifierOf(method)} is empty`)
  if (identifier.length > maxNameChars && method !== 'resources/list')
    return leftOut(`its ${identifierOf(method)} has more than ${maxNameChars} characters`)
  if (!identifier.isWellFormed()) return leftOut(`its ${identifierOf(method)} is no Unicode text`)
  if (method === 'tools/list' && identifier.includes(HIDDEN)) return leftOut('its name holds a credential of the gateway, which is hidden')
  const whole = wholeEntry(method, mended, say)
  if (typeof whole === 'string') return leftOut(whole)
  return { entry: whole, faults }

  function leftOut(why: string): Servable {
    return { entry: undefined, faults: [`The ${noun} ${name}: ${why}, so it is left out.`] }
  }
}

/** What depends on more than one member; or why the entry cannot be offered. */
function wholeEntry(method: ListMethod, entry: Fields, say: (fault: string) => void): Fields | string {
  switch (method) {
    case 'tools/list':
      return withSchemas(entry, say)
    case 'prompts/list':
      return withArguments(entry, say)
    case 'resources/list':
    case 'resources/templates/list':
      return withName(entry, say)
    case 'skills/list':
      return entry
  }
}

function withSchemas(tool: Fields, say: (fault: string) => void): Fields | string {
  const schema = inputSchema.mend(tool['inputSchema'], 'inputSchema', say)
  if (schema === UNUSABLE) return `its inputSchema is not ${inputSchema.is}`
  const mended = schema === tool['inputSchema'] ? tool : { ...tool, inputSchema: schema }
  const { outputSchema: given, ...withoutOutput } = mended
  if (given === undefined) return mended
  const outputSchema = mendedOutputSchema(given, say)
  if (outputSchema === undefined) return withoutOutput
  if (!isLegacyOutput(outputSchema))
    say('outputSchema has no "type": "object" at its root; clients of revisions before 2026-07-28 are not told of it')
  return outputSchema === given ? mended : { ...mended, outputSchema }
}

/** Without its arguments a prompt would be another one. */
function withArguments(prompt: Fields, say: (fault: string) => void): Fields | string {
  const { arguments: given, ...rest } = prompt
  if (given === undefined) return prompt
  if (given === null) return rest
  const mended = every(argument).mend(given, 'arguments', say)
  if (mended === UNUSABLE) return `its arguments are not ${every(argument).is}`
  return mended === given ? prompt : { ...prompt, arguments: mended }
}

/** The name of a resource is for people, who can do with its address. */
function withName(resource: Fields, say: (fault: string) => void): Fields {
  if (typeof resource['name'] === 'string') return resource
  say('it has no name; its address stands for it')
  return { ...resource, name: resource['uri'] ?? resource['uriTemplate'] }
}

function identifierOf(method: ListMethod): 'name' | 'uri' | 'uriTemplate' {
  if (method === 'tools/list' || method === 'prompts/list') return 'name'
  return method === 'resources/templates/list' ? 'uriTemplate' : 'uri'
}

/** The entry's name for a sentence: in quotes, and not long. */
export function displayName(entry: unknown): string {
  const { name, uri, uriTemplate } = isObject(entry) ? entry : {}
  const found = [name, uri, uriTemplate].find((value) => typeof value === 'string' && value !== '')
  return found === undefined
    ? 'without a name'
    : JSON.stringify(typeof found === 'string' && found.length > 100 ? `${found.slice(0, 100)}…` : found)
}

/** A tool for clients of revisions before 2026-07-28: without an output schema that they refuse. */
export function legacyTool(tool: Fields): Fields {
  if (isLegacyOutput(tool['outputSchema'])) return tool
  const { outputSchema: _, ...rest } = tool
  return rest
}
