import { isObject } from '../json/is-object.ts'
import { eachItem, eachValue, withField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'

/** Renames a URI: from the server's own to that of `/mcp`, or back. */
export type RenameUri = (uri: string) => string

/** Renames the URI of a resource link, the contents of a resource, or the parameters of an update. */
export function renameUri<T extends Fields>(fields: T, rename: RenameUri, key = 'uri'): T {
  const uri = fields[key]
  return typeof uri === 'string' ? withField(fields, key, rename(uri)) : fields
}

/** Renames the URIs in a content block of a tool's result or a prompt's message. */
function renameInBlock(block: unknown, rename: RenameUri): unknown {
  if (!isObject(block)) return block
  if (block['type'] === 'resource_link') return renameUri(block, rename)
  const { resource } = block
  return block['type'] === 'resource' && isObject(resource) ? withField(block, 'resource', renameUri(resource, rename)) : block
}

/** Renames the URIs in `content`, which is one block or a list of blocks. */
export function renameInContent<T extends Fields>(fields: T, rename: RenameUri, renameBlock = renameInBlock): T {
  const { content } = fields
  if (Array.isArray(content))
    return withField(
      fields,
      'content',
      eachItem(content, (block) => renameBlock(block, rename)),
    )
  return isObject(content) ? withField(fields, 'content', renameBlock(content, rename)) : fields
}

/**
 * Renames the URIs in a message of a sampling request or its response. The message may hold tool results, which hold
 * blocks. The specification allows no deeper nesting.
 */
const renameInSampled = <T extends Fields>(message: T, rename: RenameUri): T => renameInContent(message, rename, renameInSampledBlock)

function renameInSampledBlock(block: unknown, rename: RenameUri): unknown {
  return isObject(block) && block['type'] === 'tool_result' ? renameInContent(block, rename) : renameInBlock(block, rename)
}

/** Renames the URIs in `messages` of a prompt or of a sampling request. */
export function renameInMessages<T extends Fields>(fields: T, rename: RenameUri, renameMessage = renameInContent): T {
  const { messages } = fields
  if (!Array.isArray(messages)) return fields
  return withField(
    fields,
    'messages',
    eachItem(messages, (message) => (isObject(message) ? renameMessage(message, rename) : message)),
  )
}

/**
 * Renames the URIs in `inputRequests`. Only sampling requests hold URIs of the server: roots are the client's own,
 * and the URL of an elicitation is a web address.
 */
export function renameInInputRequests<T extends Fields>(fields: T, rename: RenameUri): T {
  const { inputRequests } = fields
  if (!isObject(inputRequests)) return fields
  return withField(
    fields,
    'inputRequests',
    eachValue(inputRequests, (request) => renameInInputRequest(request, rename)),
  )
}

function renameInInputRequest(request: unknown, rename: RenameUri): unknown {
  if (!isObject(request) || request['method'] !== 'sampling/createMessage' || !isObject(request['params'])) return request
  return withField(request, 'params', renameInMessages(request['params'], rename, renameInSampled))
}

/**
 * Renames the URIs in `inputResponses`, whose members are bare results. A result with a role is that of sampling.
 * The answers to a form are the person's own, and their fields may have any name.
 */
export function renameInInputResponses<T extends Fields>(fields: T, rename: RenameUri): T {
  const { inputResponses } = fields
  if (!isObject(inputResponses)) return fields
  return withField(
    fields,
    'inputResponses',
    eachValue(inputResponses, (response) => (isSampled(response) ? renameInSampled(response, rename) : response)),
  )
}

const isSampled = (response: unknown): response is Fields =>
  isObject(response) && typeof response['role'] === 'string' && !('action' in response)
