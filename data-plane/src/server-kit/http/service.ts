import { setTimeout as sleep } from 'node:timers/promises'
import { ToolError } from '@bir/sdk/contract/errors'
import { LRUCache } from 'lru-cache'
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import { unawaited } from '../../runtime/awaitable.ts'
import { retryAfterMs } from './answer.ts'
import type { HttpAnswer } from './answer.ts'
import { serviceConnector } from './connector.ts'
import type { ReadGatewaySecret } from './connector.ts'
import { NoAnswer, noAnswer } from './no-answer.ts'
import { hideInAnswer } from './hiding/hide-in-answer.ts'
import { queryText } from './path.ts'
import type { Path, Query } from './path.ts'
import { PersonLimit } from './person-limit.ts'
import { BodyTooLarge, readBody } from './read-body.ts'
import type { BodyLimit } from './read-body.ts'
import { redirectOf } from './redirect.ts'
import type { HttpSettings } from './settings.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'

export interface HttpRequest {
  readonly method: Method
  readonly path: Path
  readonly query?: Query | undefined
  /** With the secret: they go to the service's origin alone. */
  readonly headers: Readonly<Record<string, string>>
  /** The values of the secret in the headers. Nothing of them stands in the answer that comes of the exchange. */
  readonly hidden: readonly string[]
  /** The body, as JSON. */
  readonly json?: unknown
  /** Default: 5 MB, and an error beyond. */
  readonly limit?: BodyLimit | undefined
  /** For the whole exchange, with what is tried again. Default: that of the settings. */
  readonly timeoutMs?: number | undefined
}

/** On whose behalf a request is made. */
export interface Sender {
  readonly person: string
  readonly signal: AbortSignal
  readSecret: ReadGatewaySecret
  /** Told of each request when it is over. */
  onSent?: ((sent: SentRequest) => void) | undefined
}

/** One request to a service, as it may be shown: nothing of it is secret. */
export interface SentRequest {
  readonly method: string
  /** Its path without the values: `/projects/{}/issues`. */
  readonly path: string
  /** Absent: there was no answer. */
  readonly status?: number
  readonly durationMs: number
}

export interface ServiceSpec {
  /** As messages name it: `GitLab`. */
  readonly title: string
  /** Where its API lies below its address: `/api/v4`. */
  readonly apiPath: string
}

export const MAX_ANSWER_BYTES = 5 * 1024 * 1024
const maxTries = 3
const maxRedirects = 3
/** A service that wants more patience gets an error, which says so. */
const maxWaitMs = 5_000

/** The way to one service: its connections, and how requests go there. All callers share it. */
export class HttpService {
  readonly title: string
  readonly host: string
  private readonly settings: HttpSettings
  private readonly home: URL
  private readonly apiPath: string
  private readonly limit: PersonLimit
  private pool: Pool | undefined
  /** Of the latest request: with it each new connection reads the client's key as it is now. */
  private readSecret: ReadGatewaySecret = () => Promise.reject(new Error('no request yet'))

  constructor({ title, apiPath }: ServiceSpec, settings: HttpSettings) {
    this.title = title
    this.settings = settings
    this.home = new URL(settings.url)
    this.host = this.home.host
    this.apiPath = this.home.pathname.replace(/\/+$/, '') + apiPath
    this.limit = new PersonLimit(title, settings.atOncePerPerson)
  }

  /**
   * Sends a request and reads the answer, whatever its status. Only GET and HEAD are sent again: when the service
   * wants to be asked later (429, 503), and when the connection ends before an answer. Rejects with NoAnswer, with
   * ToolError `too_large` or `rate_limited`, and with the reason of the signal.
   */
  async exchange(request: HttpRequest, sender: Sender): Promise<HttpAnswer> {
    this.readSecret = (ref) => sender.readSecret(ref)
    return this.limit.run(sender.person, sender.signal, async () => {
      const timeout = AbortSignal.timeout(request.timeoutMs ?? this.settings.timeoutMs)
      try {
        return await this.withPatience(request, sender, AbortSignal.any([sender.signal, timeout]))
      } catch (error) {
        if (sender.signal.aborted) throw sender.signal.reason
        if (error instanceof BodyTooLarge) throw this.tooLarge()
        if (error instanceof NoAnswer || error instanceof ToolError) throw error
        throw noAnswer(timeout.aborted ? timeout.reason : error, this)
      }
    })
  }

  /** Ends the connections; requests under way have their answers first. A later request opens new ones. */
  async close(): Promise<void> {
    const { pool } = this
    this.pool = undefined
    await pool?.close()
  }

  private async withPatience(request: HttpRequest, sender: Sender, signal: AbortSignal): Promise<HttpAnswer> {
    for (let tries = 1; ; tries++) {
      const answer = await this.follow(request, sender, signal)
      const isBusy = answer.status === 429 || answer.status === 503
      if (!isBusy || !isSafe(request.method) || tries === maxTries) return answer
      const waitMs = retryAfterMs(answer) ?? 250 * 2 ** tries
      if (waitMs > maxWaitMs) return answer
      await sleep(waitMs, undefined, { signal })
    }
  }

  private async follow(request: HttpRequest, sender: Sender, signal: AbortSignal): Promise<HttpAnswer> {
    let url = new URL(this.apiPath + request.path.text + queryText(request.query), this.home)
    for (let hops = 0; ; hops++) {
      const answer = await this.send(request, url, sender, signal)
      const redirect = redirectOf(answer, url)
      if (!redirect) return answer
      const isHome = redirect.origin === this.home.origin && redirect.pathname.startsWith(`${this.apiPath}/`)
      if (!isHome || !isSafe(request.method) || hops === maxRedirects) return { ...answer, strayedTo: redirect.origin }
      url = redirect
    }
  }

  private async send(request: HttpRequest, url: URL, sender: Sender, signal: AbortSignal): Promise<HttpAnswer> {
    const startedMs = performance.now()
    let status: number | undefined
    try {
      const response = await this.open(request, url, signal)
      status = response.statusCode
      const headers = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
      )
      const limit = limitFor(request, status)
      const body = await readBody(response.body, limit)
      return hideInAnswer({ status, headers, ...body }, request.hidden, limit.keep)
    } finally {
      const durationMs = performance.now() - startedMs
      sender.onSent?.({ method: request.method, path: request.path.template, ...(status !== undefined && { status }), durationMs })
    }
  }

  /** Tries once more where the connection ends before an answer: the service may have closed it as idle just then. */
  private async open(request: HttpRequest, url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { method, json } = request
    const body = json === undefined ? null : JSON.stringify(json)
    const options: Dispatcher.RequestOptions = {
      method,
      path: url.pathname + url.search,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'bir-mcp',
        ...(body !== null && { 'content-type': 'application/json' }),
        ...request.headers,
      },
      body,
      signal,
    }
    try {
      return await this.connections().request(options)
    } catch (error) {
      if (signal.aborted || !isSafe(method) || noAnswer(error, this).kind !== 'reset') throw error
      return this.connections().request(options)
    }
  }

  private connections(): Pool {
    this.pool ??= new Pool(this.home.origin, {
      connections: 64,
      pipelining: 1,
      allowH2: false,
      connect: serviceConnector(this.settings, (ref) => this.readSecret(ref)),
      // Time limits belong to the exchange.
      headersTimeout: 0,
      bodyTimeout: 0,
      // Shorter than the keep-alive of common servers, so that no server closes a connection under a request.
      keepAliveTimeout: 4_000,
      maxHeaderSize: 32 * 1024,
    })
    return this.pool
  }

  private tooLarge(): ToolError {
    return new ToolError('too_large', `${this.title} answered with more than 5 MB, which is the most that the gateway takes.`, {
      hint: 'Ask for less: a smaller limit, a narrower filter, or a part.',
    })
  }
}

const isSafe = (method: Method): boolean => method === 'GET' || method === 'HEAD'

/** An error is read whole or not at all, whatever was asked for. */
const limitFor = ({ limit }: HttpRequest, status: number): BodyLimit =>
  limit && status < 300 ? limit : { maxBytes: MAX_ANSWER_BYTES, keep: 'all' }

const services = new LRUCache<string, HttpService>({ max: 64, dispose: (service) => unawaited(service.close()) })
/** Settings as text, which is long where certificates are in them. */
const texts = new WeakMap<HttpSettings, string>()

/** The way to the service with these settings. Settings that say the same share it. */
export function httpService(spec: ServiceSpec, settings: HttpSettings): HttpService {
  const text = texts.get(settings) ?? JSON.stringify(settings)
  texts.set(settings, text)
  const key = `${spec.title} ${spec.apiPath} ${text}`
  const service = services.get(key) ?? new HttpService(spec, settings)
  services.set(key, service)
  return service
}

/** Ends the connections to all services of this title. */
export async function closeServices(title: string): Promise<void> {
  await Promise.all([...services.values()].filter((service) => service.title === title).map((service) => service.close()))
}
