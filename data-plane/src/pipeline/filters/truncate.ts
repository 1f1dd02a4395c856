import { ToolError } from '@bir/sdk/contract/errors'
import { withField } from '../../json/edit.ts'
import type { Fields } from '../../json/edit.ts'
import { isObject } from '../../json/is-object.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import { errorAnswer } from '../../protocol/tool-answer.ts'
import { cutText } from './cut-text.ts'
import type { Outgoing, OutgoingFilter } from './outgoing.ts'
import { cutToBudget } from './text-budget.ts'
import { textOf } from '../../json/text-of.ts'

/**
 * No answer floods a model. Text is cut and says so, wherever a model reads it; structured data is whole or not there
 * at all.
 */
export const truncate: OutgoingFilter = function truncate(outgoing, { policy }) {
  const budget = policy.settings.truncateChars
  // An answer that is shorter as a whole than its texts may be is not taken apart.
  if (outgoing.kind === 'result' && outgoing.source && outgoing.source.maxLength <= budget) return outgoing
  const value = truncated(outgoing, budget)
  if (value === outgoing.value) return outgoing
  // What replaces refused data was written by nobody else.
  const isRefused = outgoing.kind === 'result' && outgoing.value['structuredContent'] !== value['structuredContent']
  return isRefused ? { ...outgoing, value, source: undefined } : { ...outgoing, value }
}

function truncated({ kind, method, value, source }: Outgoing, budget: number): Fields {
  switch (kind) {
    case 'error':
      return truncateError(value, source, budget)
    case 'notification':
      return method === 'notifications/tasks' ? truncateParams(value, source, budget) : value
    case 'result':
      if (method === 'tools/call') return truncateAnswer(value, source, budget)
      return method === 'tasks/get' ? truncateTask(value, source, budget) : cutToBudget(method, value, budget)
  }
}

/** What a tool answers, now or late. */
function truncateAnswer(answer: Fields, source: VerbatimJson | undefined, budget: number): Fields {
  const { structuredContent } = answer
  const length = structuredContent === undefined ? 0 : (source?.memberJson('structuredContent') ?? JSON.stringify(structuredContent)).length
  if (length <= budget) return cutToBudget('tools/call', answer, budget)
  const hint = 'Ask for less: fewer rows, fewer columns, a narrower filter, or the next page.'
  const tooLarge = new ToolError('too_large', `The answer has ${length} characters; ${budget} are allowed.`, { hint })
  return { resultType: 'complete', ...errorAnswer(tooLarge) }
}

/** The late answer of a tool lies in its task. */
function truncateTask(task: Fields, source: VerbatimJson | undefined, budget: number): Fields {
  const { result } = task
  return isObject(result) ? withField(task, 'result', truncateAnswer(result, source?.at('result'), budget)) : task
}

function truncateParams(notification: Fields, source: VerbatimJson | undefined, budget: number): Fields {
  const { params } = notification
  return isObject(params) ? withField(notification, 'params', truncateTask(params, source?.at('params'), budget)) : notification
}

/** A server's own error. Its data is whole or not there at all. */
function truncateError(error: Fields, source: VerbatimJson | undefined, budget: number): Fields {
  const { message, data } = error
  const length = data === undefined ? 0 : (source?.memberJson('data') ?? JSON.stringify(data)).length
  return withField(withField(error, 'message', cutText(textOf(message), budget)), 'data', length > budget ? undefined : data)
}
