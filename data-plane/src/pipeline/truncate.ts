import { ToolError } from '@bir/sdk/contract/errors'
import { errorAnswer } from '../servers/answer.ts'
import type { ContentBlock, ToolAnswer } from '../servers/answer.ts'
import { UpstreamRpcError } from '../upstream/upstream.ts'
import { isObject } from '../mcp/json-rpc.ts'
import type { Filter } from './pipeline.ts'
import type { Authenticated } from './types.ts'

/** The last filter: no answer floods a model. Text is cut and says so; structured data is whole or not there at all. */
export const truncate: Filter<Authenticated, ToolAnswer> = function truncate(answer, { policy }) {
  const budget = policy.settings.truncateChars
  const structured = answer.structuredContent && jsonLengthOver(answer.structuredContent, budget)
  if (structured) {
    const hint = 'Ask for less: fewer rows, fewer columns, a narrower filter, or the next page.'
    return errorAnswer(new ToolError('too_large', `The answer has ${structured} characters; ${budget} are allowed.`, { hint }))
  }
  if (textLength(answer.content) <= budget) return answer
  return { ...answer, content: cutBlocks(answer.content, budget) }
}

const textLength = (content: ContentBlock[]) => content.reduce((sum, block) => sum + (isText(block) ? block.text.length : 0), 0)

/** A remote server's blocks may be anything: what is no text is not looked at. */
const isText = (block: unknown): block is { type: 'text'; text: string } =>
  isObject(block) && block['type'] === 'text' && typeof block['text'] === 'string'

function cutBlocks(content: ContentBlock[], budget: number): ContentBlock[] {
  let left = budget
  return content.flatMap((block): ContentBlock[] => {
    if (!isText(block)) return [block]
    const text = cutText(block.text, left)
    left -= Math.min(left, block.text.length)
    return text === '' ? [] : [{ ...block, text }]
  })
}

/** A server's own error, no longer than an answer may be. Its data is whole or not there at all. */
export function truncateError({ code, message, data }: UpstreamRpcError, budget: number): UpstreamRpcError {
  return new UpstreamRpcError(code, cutText(message, budget), data !== undefined && jsonLengthOver({ data }, budget) ? undefined : data)
}

/** At most `most` characters of the text and a line that says how many are missing; never half a character, never half a JSON token. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text
  const end = wholeCharacters(text, /^\s*[[{]/.test(text) ? wholeTokens(text, most) : most)
  return `${text.slice(0, end)}\n[cut: ${text.length - end} of ${text.length} characters are missing]`
}

const wholeCharacters = (text: string, end: number) => (isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end)

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff

/** The last place at or before `most` where a JSON text is between two values. */
function wholeTokens(text: string, most: number): number {
  let inString = false
  let safe = 0
  for (let at = 0; at < most; at++) {
    const unit = text[at]
    if (inString && unit === '\\') at++
    else if (unit === '"') inString = !inString
    else if (!inString && (unit === ',' || unit === '[' || unit === '{' || unit === ']' || unit === '}')) safe = at + 1
  }
  return safe === 0 ? most : safe
}

/** The length as JSON when it is over, else nothing; small values are not measured twice. */
function jsonLengthOver(value: object, most: number): number | undefined {
  const { length } = JSON.stringify(value)
  return length > most ? length : undefined
}
