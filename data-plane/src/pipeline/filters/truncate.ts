import { ToolError } from '@bir/sdk/contract/errors'
import { errorAnswer } from '../../protocol/tool-answer.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import { UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import { cutText } from './cut-text.ts'
import type { Filter } from '../call/pipeline.ts'
import { cutToBudget } from './text-budget.ts'
import type { Authenticated, Incoming } from '../call/types.ts'

type Fields = Readonly<Record<string, unknown>>

/** The last filter: no answer floods a model. Text is cut and says so, wherever a model reads it; structured data is whole or not there at all. */
export const truncate: Filter<Authenticated & Pick<Incoming, 'method'>, UpstreamResult> = function truncate(result, { method, policy }) {
  const budget = policy.settings.truncateChars
  // What is shorter as a whole than its parts may be is not taken apart.
  if (result.source && result.source.maxLength <= budget) return result
  const value = method === 'tools/call' ? truncateAnswer(result.value, budget, result.source) : cutToBudget(method, result.value, budget)
  if (value === result.value) return result
  const isRefused = result.value['structuredContent'] !== value['structuredContent']
  return isRefused ? { value } : { ...result, value }
}

/** What a tool answers, now or late. The very same object where nothing is too long. */
export function truncateAnswer(answer: Fields, budget: number, source: VerbatimJson | undefined): Fields {
  const { structuredContent } = answer
  const length = structuredContent === undefined ? 0 : (source?.memberJson('structuredContent') ?? JSON.stringify(structuredContent)).length
  if (length <= budget) return cutToBudget('tools/call', answer, budget)
  const hint = 'Ask for less: fewer rows, fewer columns, a narrower filter, or the next page.'
  const tooLarge = new ToolError('too_large', `The answer has ${length} characters; ${budget} are allowed.`, { hint })
  return { resultType: 'complete', ...errorAnswer(tooLarge) }
}

/** A server's own error, no longer than an answer may be. Its data is whole or not there at all. */
export function truncateError({ code, message, data, source }: UpstreamRpcError, budget: number): UpstreamRpcError {
  const length = data === undefined ? 0 : (source?.memberJson('data') ?? JSON.stringify(data)).length
  return new UpstreamRpcError(code, cutText(message, budget), length > budget ? undefined : data, source)
}
