import { ToolError } from '@bir/sdk/contract/errors'
import { excerptOf, isWebPage, jsonIn, retryAfterMs } from './answer.ts'
import type { HttpAnswer } from './answer.ts'
import type { NoAnswer } from './no-answer.ts'

/** What is known of the request that was refused. */
export interface Asked {
  /** Of the service: `GitLab`. */
  readonly title: string
  /** The request could have changed something. */
  readonly changes: boolean
}

/** Says what a service means by an answer, where it says more than the status does. */
export type Explain = (answer: HttpAnswer, body: unknown) => ToolError | undefined

/**
 * The one place where the status of an answer becomes an error of a tool. Undefined: it is a good answer. Every
 * sentence is ours; what the service says of a mistake in the arguments is quoted, in short.
 */
export function refusalOf(answer: HttpAnswer, asked: Asked, explain: Explain): ToolError | undefined {
  const { status, strayedTo } = answer
  const { title } = asked
  if (strayedTo !== undefined) return strayed(title, strayedTo)
  if (status < 300) return undefined
  if (status >= 500) return ailing(answer, asked)
  if (isWebPage(answer)) return webPage(title)
  const body = jsonIn(answer)?.value
  return explain(answer, body) ?? byStatus(answer, title, excerptOf(body))
}

function byStatus(answer: HttpAnswer, title: string, excerpt: string | undefined): ToolError {
  const says = excerpt === undefined ? '' : ` ${title} says: "${excerpt}"`
  switch (answer.status) {
    case 401:
      return new ToolError('secret_invalid', `${title} does not accept your secret.`, { hint: 'Give a new one, then try again.' })
    case 403:
      return new ToolError('not_permitted_upstream', `${title} does not permit this with your secret.${says}`, {
        hint: `Ask for the right in ${title}, or choose something that you may do.`,
      })
    case 404:
      return new ToolError('not_found', 'It was not found, or it is not visible with your token.', {
        hint: 'Check the names and numbers in the arguments; list or search tools show what you may see.',
      })
    case 405:
    case 409:
    case 412:
      return new ToolError('conflict', `${title} refuses this in the present state.${says}`, {
        hint: 'Read the present state, then decide again.',
      })
    case 413:
      return new ToolError('too_large', `${title} finds the request too large.`, { hint: 'Send less.' })
    case 429:
      return limited(answer, title)
    default:
      return new ToolError('invalid_input', `${title} does not accept the request (HTTP ${answer.status}).${says}`, {
        hint: 'Correct the arguments.',
      })
  }
}

function limited(answer: HttpAnswer, title: string): ToolError {
  const retryAfterS = Math.ceil((retryAfterMs(answer) ?? 60_000) / 1000)
  return new ToolError('rate_limited', `${title} wants fewer requests.`, {
    hint: `Try again in ${retryAfterS} s.`,
    retryable: true,
    retryAfterS,
  })
}

function ailing({ status }: HttpAnswer, { title, changes }: Asked): ToolError {
  const hint = changes ? 'It may have been done all the same: look before you try again.' : 'Try again later.'
  return new ToolError('upstream_down', `${title} has a fault of its own (HTTP ${status}).`, { hint, retryable: !changes })
}

const webPage = (title: string) =>
  new ToolError('upstream_down', `A web page answered in place of ${title}: a page to log in, of a proxy, or that it is down.`, {
    hint: 'Tell an administrator: the address in the settings, or what stands before the service, is wrong.',
  })

const strayed = (title: string, origin: string) =>
  new ToolError('upstream_down', `The address of ${title} leads elsewhere (${origin.slice(0, 200)}), where your secret is not sent.`, {
    hint: 'Tell an administrator: the address in the settings is not the right one, or a log-in page stands before the API.',
  })

/** An answer of status 2xx is not what the API promises. */
export const unreadable = (answer: HttpAnswer, title: string, detail: string): ToolError =>
  isWebPage(answer)
    ? webPage(title)
    : new ToolError('upstream_down', `${title} answered in a form that the gateway does not know.`, {
        hint: 'Tell an administrator: it may be a version that is not supported, or something in between changed the answer.',
        cause: new Error(detail),
      })

/** A request that had no answer, as the error of a tool. */
export function noAnswerError(fault: NoAnswer, { changes }: Asked): ToolError {
  const code = fault.kind === 'timeout' ? 'timed_out' : 'upstream_down'
  const mayBeDone = changes && (fault.kind === 'timeout' || fault.kind === 'reset')
  const hint = mayBeDone ? 'It may have been done all the same: look before you try again.' : 'Try again later.'
  // The hint says what to do next, once.
  const says = fault.says.replace(/ Try again later\.$/, '')
  return new ToolError(code, says, { hint, retryable: !mayBeDone, cause: fault })
}
