import { isObject } from '../json/is-object.ts'
import { eachItem, eachValue, withField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'

/** What becomes of a URI. */
export type Rename = (uri: string) => string

/** `{ uri }`: a resource link, the contents of a resource, the parameters of an update. */
export function inUri<T extends Fields>(of: T, rename: Rename, key = 'uri'): T {
  const uri = of[key]
  return typeof uri === 'string' ? withField(of, key, rename(uri)) : of
}

/** A content block of a tool's result or a prompt's message. */
function inBlock(block: unknown, rename: Rename): unknown {
  if (!isObject(block)) return block
  if (block['type'] === 'resource_link') return inUri(block, rename)
  const { resource } = block
  return block['type'] === 'resource' && isObject(resource) ? withField(block, 'resource', inUri(resource, rename)) : block
}

/** `content` of whatever holds some: one block or a list of them. */
export function inContent<T extends Fields>(of: T, rename: Rename, each = inBlock): T {
  const { content } = of
  if (Array.isArray(content))
    return withField(
      of,
      'content',
      eachItem(content, (block) => each(block, rename)),
    )
  return isObject(content) ? withField(of, 'content', each(content, rename)) : of
}

/** A message that is sampled, or the one that was: it may hold results of tools, which hold blocks. Deeper the specification does not go. */
const inSampled = <T extends Fields>(message: T, rename: Rename): T => inContent(message, rename, inSampledBlock)

function inSampledBlock(block: unknown, rename: Rename): unknown {
  return isObject(block) && block['type'] === 'tool_result' ? inContent(block, rename) : inBlock(block, rename)
}

/** `messages` of a prompt or of a request to sample. */
export function inMessages<T extends Fields>(of: T, rename: Rename, each = inContent): T {
  const { messages } = of
  if (!Array.isArray(messages)) return of
  return withField(
    of,
    'messages',
    eachItem(messages, (message) => (isObject(message) ? each(message, rename) : message)),
  )
}

/** `inputRequests`: only what is to be sampled holds URIs of the server; roots are the client's own, a URL elicitation's is the web's. */
export function inInputRequests<T extends Fields>(of: T, rename: Rename): T {
  const { inputRequests } = of
  if (!isObject(inputRequests)) return of
  return withField(
    of,
    'inputRequests',
    eachValue(inputRequests, (request) => inInputRequest(request, rename)),
  )
}

function inInputRequest(request: unknown, rename: Rename): unknown {
  if (!isObject(request) || request['method'] !== 'sampling/createMessage' || !isObject(request['params'])) return request
  return withField(request, 'params', inMessages(request['params'], rename, inSampled))
}

/** `inputResponses`, bare results: one with a role was sampled. A form's answers are the person's own and may be named anything. */
export function inInputResponses<T extends Fields>(of: T, rename: Rename): T {
  const { inputResponses } = of
  if (!isObject(inputResponses)) return of
  return withField(
    of,
    'inputResponses',
    eachValue(inputResponses, (response) => (isSampled(response) ? inSampled(response, rename) : response)),
  )
}

const isSampled = (response: unknown): response is Fields =>
  isObject(response) && typeof response['role'] === 'string' && !('action' in response)
