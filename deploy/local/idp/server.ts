import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { InteractionResults, Provider } from 'oidc-provider'
import { continuePage, errorPage, loginPage, PAGE_HEADERS } from './pages.ts'
import type { readPeople } from './people.ts'

const maxFormBytes = 4096
const maxFailures = 10
const failureWindowMs = 60_000

/**
 * The provider's own endpoints, the login page that they redirect to, and the health check. Everything but the health
 * check is for the issuer's own address alone: the provider repeats the `Host` header in its documents, and would
 * answer pages of any origin.
 */
export function createIdpServer(provider: Provider, people: ReturnType<typeof readPeople>): Server {
  const oidc = provider.callback()
  const { host, origin } = new URL(provider.issuer)
  const failures = new Map<string, { count: number; sinceMs: number }>()

  return createServer((request, response) => {
    const pathname = request.url?.split('?', 1)[0] ?? '/'
    if (pathname === '/health') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
      return
    }
    const isLogin = pathname.startsWith('/login/')
    if (request.headers.host?.toLowerCase() !== host || !isOwnOrigin(request.headers.origin, isLogin)) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`This provider is served at ${origin} alone.`)
      return
    }
    const uid = /^\/login\/([\w-]+)$/.exec(pathname)?.[1]
    if (!uid) {
      oidc(request, response).catch(() => response.destroy())
      return
    }
    login(uid, request, response).catch((error: unknown) => {
      const detail = error instanceof Error && error.name === 'SessionNotFound' ? 'This sign-in has expired.' : 'Something went wrong here.'
      response.writeHead(400, PAGE_HEADERS).end(errorPage(detail))
    })
  })

  /** The login page has no referrer, so a browser sends its form with the origin `null`. A cookie protects the form. */
  function isOwnOrigin(given: string | undefined, isLogin: boolean): boolean {
    return given === undefined || given === origin || (isLogin && given === 'null')
  }

  async function login(uid: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, session } = await provider.interactionDetails(request, response)
    const finish = (result: InteractionResults) =>
      provider.interactionFinished(request, response, { ...result, consent: {} }, { mergeWithLastSubmission: true })
    // The person is signed in already. A click is still needed, so that no program gets a token without the person.
    if (prompt.name === 'consent' && request.method === 'POST') return finish({})
    if (prompt.name === 'consent') {
      response.writeHead(200, PAGE_HEADERS).end(continuePage(uid, session?.accountId ?? ''))
      return
    }
    if (request.method !== 'POST') {
      response.writeHead(200, PAGE_HEADERS).end(loginPage(uid))
      return
    }
    const form = new URLSearchParams(await readBody(request))
    const handle = form.get('handle')?.trim().toLowerCase() ?? ''
    const showLoginPage = (status: number, fault: string) => {
      response.writeHead(status, PAGE_HEADERS).end(loginPage(uid, { handle, fault }))
    }
    if (hasTooManyFailures(handle)) return showLoginPage(429, 'Too many wrong passwords: wait a minute.')

    const person = await people.verify(handle, form.get('password') ?? '')
    if (!person) {
      countFailure(handle)
      return showLoginPage(401, 'That name and password do not belong together.')
    }
    failures.delete(handle)
    await finish({ login: { accountId: person.handle } })
  }

  function hasTooManyFailures(handle: string): boolean {
    const recent = failures.get(handle)
    if (!recent) return false
    if (Date.now() - recent.sinceMs > failureWindowMs) failures.delete(handle)
    return failures.has(handle) && recent.count >= maxFailures
  }

  function countFailure(handle: string): void {
    if (!people.find(handle)) return // Counting existing names alone keeps the map small.
    const recent = failures.get(handle) ?? { count: 0, sinceMs: Date.now() }
    failures.set(handle, { ...recent, count: recent.count + 1 })
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxFormBytes) throw new Error('the form is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
