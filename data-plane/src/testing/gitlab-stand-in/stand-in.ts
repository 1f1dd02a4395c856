import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Refusal } from './http/answer.ts'
import type { Answer } from './http/answer.ts'
import { authenticate, checkScopes, tokenOf } from './http/authenticate.ts'
import { faultFor, sendFault } from './http/faults.ts'
import type { Fault, FaultRule } from './http/faults.ts'
import { readBody } from './http/read-body.ts'
import { findRoute } from './http/routes.ts'
import { routes } from './routes/index.ts'
import { World } from './world/world.ts'

/** A request that came, as it came. */
export interface SeenRequest {
  readonly method: string
  /** As it was sent, with its query string. */
  readonly path: string
  /** The value of the token that it carried. */
  readonly token: string | undefined
  readonly body: Readonly<Record<string, unknown>>
  /** What it was answered; nothing where it failed in a way of `breakWith`. */
  answer?: Answer
}

/**
 * A stand-in of GitLab's REST API v4 on loopback: not GitLab, but a server with state that answers as GitLab does, as
 * far as our tools ask. Tests hold its answers against the public description of that API.
 */
export class GitLabStandIn {
  readonly world = new World()
  readonly requests: SeenRequest[] = []
  private readonly rules: FaultRule[] = []
  private readonly server: Server

  /** Below this path prefix, as a GitLab under a relative URL. */
  readonly prefix: string

  private constructor(prefix: string) {
    this.prefix = prefix
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  /** Listens on loopback, at a free port if none is given. */
  static async start({ port = 0, prefix = '' }: { port?: number; prefix?: string } = {}): Promise<GitLabStandIn> {
    const standIn = new GitLabStandIn(prefix)
    standIn.server.listen(port, '127.0.0.1')
    await once(standIn.server, 'listening')
    return standIn
  }

  /** As an administrator writes it: without `/api/v4`. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${this.prefix}`
  }

  /** From now on requests fail this way. The answer takes the fault away again. */
  breakWith(fault: Fault, only: Omit<FaultRule, 'fault'> = {}): () => void {
    const rule = { fault, ...only }
    this.rules.push(rule)
    return () => {
      const index = this.rules.indexOf(rule)
      if (index !== -1) this.rules.splice(index, 1)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    this.server.closeAllConnections()
    await once(this.server, 'close')
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = tokenOf(request.headers)
    const path = request.url ?? '/'
    const method = request.method ?? 'GET'
    let seen: SeenRequest = { method, path, token, body: {} }
    let answer: Answer
    try {
      seen = { ...seen, body: await readBody(request) }
      this.requests.push(seen)
      const fault = faultFor(this.rules, path)
      if (fault) {
        sendFault(fault, token, response)
        return
      }
      answer = this.run({ ...seen, headers: request.headers })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      answer = error.answer
    }
    seen.answer = answer
    send(answer, method, response)
  }

  private run({ method, path, token: value, body, headers }: SeenRequest & { headers: IncomingMessage['headers'] }): Answer {
    const url = new URL(path, 'http://stand-in.invalid')
    const root = `${this.prefix}/api/v4`
    if (url.pathname === `${this.prefix}/oauth/token/info`) return tokenInfo(authenticate(this.world, value))
    if (!url.pathname.startsWith(`${root}/`))
      return { status: 404, body: '<html>404: Page not found</html>', headers: { 'content-type': 'text/html' } }
    const below = url.pathname.slice(root.length)
    const found = findRoute(routes, method, below)
    if (!found) throw new Refusal(404, { error: '404 Not Found' })
    const token = authenticate(this.world, value)
    checkScopes(token, { ...found.route, method })
    return found.route.run({
      world: this.world,
      method,
      base: `${this.url.slice(0, this.url.length - this.prefix.length)}${root}`,
      path: below,
      params: found.params,
      query: url.searchParams,
      input: { ...queryInput(url.searchParams), ...body },
      headers,
      user: token.user,
      token,
    })
  }
}

/** A name that ends in `[]` is a list. */
function queryInput(query: URLSearchParams): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const name of query.keys()) {
    if (name.endsWith('[]')) input[name.slice(0, -2)] = query.getAll(name)
    else input[name] = query.get(name)
  }
  return input
}

/** Doorkeeper's answer, which only OAuth's tokens have. */
function tokenInfo({ kind, user, scopes, createdAt }: ReturnType<typeof authenticate>): Answer {
  if (kind !== 'oauth')
    return { status: 401, body: { error: 'invalid_token', error_description: 'The access token is invalid', state: 'unauthorized' } }
  return {
    status: 200,
    body: {
      resource_owner_id: user.id,
      scope: scopes,
      expires_in: 7_200,
      application: { uid: 'stand-in' },
      created_at: createdAt.getTime() / 1_000,
    },
  }
}

function send({ status, body, headers }: Answer, method: string, response: ServerResponse): void {
  const isText = typeof body === 'string' || body instanceof Uint8Array
  const content = body === undefined ? '' : isText ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
  response.end(method === 'HEAD' ? undefined : content)
}
