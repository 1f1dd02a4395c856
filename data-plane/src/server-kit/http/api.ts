import { z } from 'zod'
import { jsonIn } from './answer.ts'
import type { HttpAnswer } from './answer.ts'
import { NoAnswer } from './no-answer.ts'
import type { Path, Query } from './path.ts'
import type { BodyLimit } from './read-body.ts'
import { withoutSecrets } from './redaction.ts'
import { noAnswerError, refusalOf, unreadable } from './refusal.ts'
import type { Explain } from './refusal.ts'
import type { HttpRequest, HttpService, Method, Sender } from './service.ts'

export interface ApiOptions {
  readonly service: HttpService
  readonly sender: Sender
  /** The headers with the secret, made when a request is sent. */
  headers(): Record<string, string>
  /** The values of that secret, which no answer shows. */
  readonly hidden: readonly string[]
  readonly explain: Explain
}

export interface TextAnswer {
  readonly text: string
  /** The beginning or the end was left out. */
  readonly cut: boolean
  /** The whole length, where the service or the stream told it. */
  readonly totalBytes: number | undefined
  readonly headers: HttpAnswer['headers']
}

/**
 * The API of a service for one call. All that fails is a ToolError. A schema names the members of an answer to keep.
 */
export class HttpApi {
  private readonly options: ApiOptions

  constructor(options: ApiOptions) {
    this.options = options
  }

  /** Reads an object or a list. */
  async get<Schema extends z.ZodType>(path: Path, schema: Schema, query?: Query): Promise<z.output<Schema>> {
    return this.parse(await this.exchange({ method: 'GET', path, query }), schema)
  }

  /** The same, with the headers, which say where the next page is. */
  async page<Schema extends z.ZodType>(
    path: Path,
    schema: Schema,
    query?: Query,
  ): Promise<{ data: z.output<Schema>; headers: HttpAnswer['headers'] }> {
    const answer = await this.exchange({ method: 'GET', path, query })
    return { data: this.parse(answer, schema), headers: answer.headers }
  }

  /** Changes something. It is sent once. */
  async send<Schema extends z.ZodType>(
    method: Exclude<Method, 'GET' | 'HEAD'>,
    path: Path,
    schema: Schema,
    { query, json }: { query?: Query; json?: unknown } = {},
  ): Promise<z.output<Schema>> {
    return this.parse(await this.exchange({ method, path, query, json }), schema)
  }

  /** Reads text as it is: the whole, its beginning or its end. */
  async text(path: Path, limit: BodyLimit, query?: Query): Promise<TextAnswer> {
    const range: Record<string, string> = limit.keep === 'tail' ? { range: `bytes=-${limit.maxBytes}` } : {}
    const request = { method: 'GET', path, query, limit, headers: { accept: '*/*', ...range } } as const
    const answer = await this.exchange(request, limit.keep === 'tail' ? [416] : [])
    if (answer.status === 416) return this.text(path, { ...limit, keep: 'all' }, query)
    const length = /\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1]
    const totalBytes = length === undefined ? answer.totalBytes : Number(length)
    if (/^text\/html/i.test(answer.headers['content-type'] ?? '')) throw unreadable(answer, this.options.service.title, 'HTML for text')
    return {
      text: answer.bytes.toString('utf8'),
      cut: answer.cut || (totalBytes ?? 0) > answer.bytes.length,
      totalBytes,
      headers: answer.headers,
    }
  }

  private async exchange(
    request: Omit<HttpRequest, 'headers' | 'hidden'> & { headers?: Record<string, string> },
    alsoGood: readonly number[] = [],
  ): Promise<HttpAnswer> {
    const { service, sender, headers, hidden, explain } = this.options
    const asked = { title: service.title, changes: request.method !== 'GET' }
    try {
      const answer = await service.exchange({ ...request, headers: { ...request.headers, ...headers() }, hidden }, sender)
      const refusal = alsoGood.includes(answer.status) ? undefined : refusalOf(answer, asked, explain)
      if (refusal) throw refusal
      return answer
    } catch (error) {
      throw error instanceof NoAnswer ? noAnswerError(error, asked) : error
    }
  }

  private parse<Schema extends z.ZodType>(answer: HttpAnswer, schema: Schema): z.output<Schema> {
    const { title } = this.options.service
    const body = answer.status === 204 || answer.bytes.length === 0 ? { value: undefined } : jsonIn(answer)
    if (!body) throw unreadable(answer, title, 'no JSON')
    const parsed = schema.safeParse(withoutSecrets(body.value))
    if (parsed.success) return parsed.data
    const places = parsed.error.issues.slice(0, 10).map(({ path, code }) => `${z.core.toDotPath(path)} ${code}`)
    throw unreadable(answer, title, `unexpected members: ${places.join(', ')}`)
  }
}
