import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Page } from '@bir/control-plane/pages/kit/page'
import type { InteractionResults, Provider } from 'oidc-provider'
import { continuePage, errorPage, loginPage, startPage } from './pages.ts'
import type { Person, readPeople } from './people.ts'

interface CheckedForm {
  status: number
  handle: string
  /** Set when name and password belong together. */
  person?: Person
  fault?: string
}

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
    const { host: asked, origin: sender = origin } = request.headers
    if (asked?.toLowerCase() !== host || sender !== origin) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(`This provider is served at ${origin} alone.`)
      return
    }
    if (pathname === '/') {
      tryPassword(request, response).catch(() => show(response, errorPage('Something went wrong here.')))
      return
    }
    const uid = /^\/login\/([\w-]+)$/.exec(pathname)?.[1]
    if (!uid) {
      oidc(request, response).catch(() => response.destroy())
      return
    }
    login(uid, request, response).catch((error: unknown) => {
      const detail = error instanceof Error && error.name === 'SessionNotFound' ? 'This sign-in has expired.' : 'Something went wrong here.'
      show(response, errorPage(detail))
    })
  })

  async function login(uid: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, session } = await provider.interactionDetails(request, response)
    const finish = (result: InteractionResults) =>
      provider.interactionFinished(request, response, { ...result, consent: {} }, { mergeWithLastSubmission: true })
    // The person is signed in already. A click is still needed, so that no program gets a token without the person.
    if (prompt.name === 'consent' && request.method === 'POST') return finish({})
    if (prompt.name === 'consent') return show(response, continuePage(uid, session?.accountId ?? ''))
    if (request.method !== 'POST') return show(response, loginPage(uid))
    const checked = await checkForm(request)
    if (checked.person) return finish({ login: { accountId: checked.person.handle } })
    show(response, loginPage(uid, checked))
  }

  /** The provider's own address: nobody asked for a sign-in, so none is made. */
  async function tryPassword(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const checked = request.method === 'POST' ? await checkForm(request) : { status: 200, handle: '' }
    show(response, startPage(checked))
  }

  async function checkForm(request: IncomingMessage): Promise<CheckedForm> {
    const form = new URLSearchParams(await readBody(request))
    const handle = form.get('handle')?.trim().toLowerCase() ?? ''
    if (hasTooManyFailures(handle)) return { status: 429, handle, fault: 'Too many wrong passwords: wait a minute.' }
    const person = await people.verify(handle, form.get('password') ?? '')
    if (!person) {
      countFailure(handle)
      return { status: 401, handle, fault: 'That name and password do not belong together.' }
    }
    failures.delete(handle)
    return { status: 200, handle, person }
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

function show(response: ServerResponse, { status, headers, body }: Page): void {
  response.writeHead(status, headers).end(body)
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
