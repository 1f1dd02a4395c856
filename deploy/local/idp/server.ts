import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { InteractionResults, Provider } from 'oidc-provider'
import { continuePage, errorPage, loginPage, PAGE_HEADERS } from './pages.ts'
import type { readPeople } from './people.ts'

const maxFormBytes = 4096
const maxFailures = 10
const forgetFailuresMs = 60_000

/** The provider's own endpoints, and the login page that it sends people to. */
export function createIdpServer(provider: Provider, people: ReturnType<typeof readPeople>): Server {
  const oidc = provider.callback()
  const failures = new Map<string, { count: number; sinceMs: number }>()

  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/health') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
      return
    }
    const uid = /^\/login\/([\w-]+)$/.exec(pathname)?.[1]
    if (!uid) {
      void oidc(request, response)
      return
    }
    login(uid, request, response).catch((error: unknown) => {
      const detail = error instanceof Error && error.name === 'SessionNotFound' ? 'This sign-in has expired.' : 'Something went wrong here.'
      response.writeHead(400, PAGE_HEADERS).end(errorPage(detail))
    })
  })

  async function login(uid: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, session } = await provider.interactionDetails(request, response)
    const finish = (result: InteractionResults) =>
      provider.interactionFinished(request, response, { ...result, consent: {} }, { mergeWithLastSubmission: true })
    // Signed in already: a program on this machine still does not get a token without a click.
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
    const again = (status: number, fault: string) => {
      response.writeHead(status, PAGE_HEADERS).end(loginPage(uid, { handle, fault }))
    }
    if (tooMany(handle)) return again(429, 'Too many wrong passwords: wait a minute.')

    const person = await people.verify(handle, form.get('password') ?? '')
    if (!person) {
      note(handle)
      return again(401, 'That name and password do not belong together.')
    }
    failures.delete(handle)
    await finish({ login: { accountId: person.handle } })
  }

  function tooMany(handle: string): boolean {
    const known = failures.get(handle)
    if (!known) return false
    if (Date.now() - known.sinceMs > forgetFailuresMs) failures.delete(handle)
    return failures.has(handle) && known.count >= maxFailures
  }

  function note(handle: string): void {
    if (!people.find(handle)) return // only names that exist are counted, so the count stays small
    const known = failures.get(handle) ?? { count: 0, sinceMs: Date.now() }
    failures.set(handle, { ...known, count: known.count + 1 })
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
