import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretVerdict, VerdictWord } from '@bir/sdk/contract/secret-verdict'
import { excerptOf, isWebPage, jsonIn, retryAfterMs } from '../../../server-kit/http/answer.ts'
import type { HttpAnswer } from '../../../server-kit/http/answer.ts'
import { NoAnswer, noAnswer } from '../../../server-kit/http/no-answer.ts'
import type { Path } from '../../../server-kit/http/path.ts'
import { httpService } from '../../../server-kit/http/service.ts'
import type { Sender, ServiceSpec } from '../../../server-kit/http/service.ts'
import { authorization } from '../api/service.ts'
import type { GitLabSettings } from '../api/settings.ts'
import { scopesIn, wordOf } from '../api/refusal-words.ts'

/** A question about a token has no good answer: this is the verdict. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  readonly verdict: SecretVerdict

  constructor(verdict: VerdictWord, says: string, also: Partial<SecretVerdict> = {}) {
    super(verdict)
    this.verdict = { verdict, says, ...also }
  }
}

/** What GitLab answered: JSON, of status 2xx or one that the question foresees. */
export interface Answered {
  readonly status: number
  readonly body: unknown
}

/** Asks GitLab about a token. */
export class Questions {
  private readonly settings: GitLabSettings
  private readonly token: string
  private readonly sender: Sender

  constructor(settings: GitLabSettings, token: string, sender: Sender) {
    this.settings = settings
    this.token = token
    this.sender = sender
  }

  /** Rejects with `Unanswered`, unless the answer is good or has a foreseen status. */
  async ask(spec: ServiceSpec, path: Path, foreseen: readonly number[] = []): Promise<Answered> {
    const service = httpService(spec, this.settings)
    try {
      const answer = await service.exchange({ method: 'GET', path, headers: authorization(this.token), hidden: [this.token] }, this.sender)
      return this.judge(answer, foreseen)
    } catch (error) {
      if (error instanceof Unanswered) throw error
      // It answered, and the gateway does not take the answer.
      if (error instanceof ToolError) throw unchecked(`${error.message} ${addressOrPage}`)
      const fault = error instanceof NoAnswer ? error : noAnswer(error, service)
      throw new Unanswered(fault.kind === 'garbled' ? 'service_error' : 'unreachable', `The token was not checked. ${fault.says}`)
    }
  }

  private judge(answer: HttpAnswer, foreseen: readonly number[]): Answered {
    const { status, strayedTo } = answer
    const { host } = new URL(this.settings.url)
    if (strayedTo !== undefined) throw unchecked(`${host} leads to ${strayedTo.slice(0, 200)}, where no token is sent. ${addressOrPage}`)
    if (status === 429) throw rateLimited(answer)
    if (status >= 500) throw unchecked(`GitLab has a fault of its own (HTTP ${status}). Try again later.`)
    if (isWebPage(answer)) throw unchecked(`A web page answered at ${host} in place of GitLab's API. ${addressOrPage}`)
    const json = jsonIn(answer)
    if (!json) throw unchecked(`What answers at ${host} does not speak as GitLab's API does. ${addressOrPage}`)
    if (status < 300 || foreseen.includes(status)) return { status, body: json.value }
    throw refused(status, json.value, host)
  }
}

const addressOrPage =
  'An administrator must look at the address in the settings, and at what stands before GitLab, such as a log-in page or a proxy.'

const unchecked = (says: string) => new Unanswered('service_error', `The token was not checked. ${says}`)

function rateLimited(answer: HttpAnswer): Unanswered {
  const retryAfterS = Math.ceil((retryAfterMs(answer) ?? 60_000) / 1000)
  return new Unanswered('rate_limited', `The token was not checked: GitLab wants fewer requests. Try again in ${retryAfterS} s.`, {
    retryAfterS,
  })
}

const anew = 'Make a new one in GitLab.'

function refused(status: number, body: unknown, host: string): Unanswered {
  switch (wordOf(body)) {
    case 'expired':
      return new Unanswered('expired', `The token has expired. ${anew}`)
    case 'revoked':
      return new Unanswered('invalid', `The token was revoked. ${anew}`)
    case 'impersonation_off':
      return new Unanswered('invalid', 'It is an impersonation token, and this GitLab has turned those off. Use one of your own.')
    case 'dpop':
      return new Unanswered(
        'wrong_kind',
        'GitLab takes this token only with a proof of possession (DPoP), which the gateway does not give. Turn that off in your preferences in GitLab, or use a project or group access token.',
      )
    case 'insufficient_scope':
      return lacksReading(scopesIn(body))
    case 'blocked':
      return new Unanswered('invalid', `GitLab does not let the token's owner in.${quoted(body)} Ask an administrator of GitLab.`)
    case 'unknown':
      return refusedBy(status, body, host)
  }
}

function refusedBy(status: number, body: unknown, host: string): Unanswered {
  if (status === 401)
    return new Unanswered('invalid', `GitLab does not know this token. Check that it was copied whole, and is from ${host}.`)
  if (status === 403)
    return unchecked(
      `GitLab refuses the gateway by a rule of its own, such as a list of addresses.${quoted(body)} Ask an administrator of GitLab.`,
    )
  return unchecked(`${host} has no API of GitLab at the address in the settings (HTTP ${status}). ${addressOrPage}`)
}

function quoted(body: unknown): string {
  const excerpt = excerptOf((body as { message?: unknown } | null)?.message)
  return excerpt === undefined ? '' : ` It says: "${excerpt}"`
}

/** The token may not read. GitLab names every scope that would do; the least of them is what to ask for. */
export function lacksReading(named: readonly string[] = []): Unanswered {
  const has = named.length === 0 ? '' : ` GitLab wants ${named.join(' or ')}.`
  return new Unanswered(
    'insufficient_scope',
    `The token may not read: it lacks the scope read_api.${has} Make one with read_api, or with api.`,
    {
      missing: ['read_api'],
    },
  )
}
