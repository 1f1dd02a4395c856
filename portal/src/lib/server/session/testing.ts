import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { newPortalKey, publicKeys } from '@bir/sdk/portal-key'
import { createLocalJWKSet, generateSecret, jwtVerify, SignJWT } from 'jose'
import { createSessions } from './session.ts'

interface Answer {
  status: number
  body: object
}

/**
 * Stands in for the authorization server: it knows one portal by its key, answers every code with the handle of that
 * name, and every handle with a token, as long as a test says nothing else.
 */
export async function anAuthorizationServer() {
  const key = await newPortalKey()
  const keys = createLocalJWKSet(await publicKeys(key))
  const secret = await generateSecret('HS256')
  const forms: Record<string, string>[] = []
  const ended = new Set<string>()
  let fault: Answer | undefined
  let lifeS = 600
  let held: Promise<void> | undefined
  let issued = 0

  async function answer(path: string, form: Record<string, string>): Promise<Answer> {
    await held
    if (fault) return fault
    const { payload } = await jwtVerify(form['client_assertion'] ?? '', keys, { issuer: 'portal', subject: 'portal', audience: url() })
    if (typeof payload.jti !== 'string') return { status: 401, body: { error: 'invalid_client' } }
    if (path === '/oauth/revoke') {
      ended.add(form['token'] ?? '')
      return { status: 200, body: {} }
    }
    const handle = form['refresh_token'] ?? `handle of ${form['code']}`
    if (ended.has(handle)) return { status: 400, body: { error: 'invalid_grant', error_description: 'It has ended.' } }
    const claims = { sid: `session of ${handle}`, aud: form['resource'] ?? `${url()}/api`, jti: String(issued++) }
    const access_token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret)
    const given = form['grant_type'] === 'authorization_code' ? { refresh_token: handle } : {}
    return { status: 200, body: { access_token, expires_in: lifeS, token_type: 'Bearer', ...given } }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    forms.push({ path: request.url ?? '', ...form })
    const { status, body } = await answer(request.url ?? '', form).catch(() => ({ status: 401, body: { error: 'invalid_client' } }))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => void respond(request, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const config = { controlUrl: url(), portalUrl: 'https://portal.example', portalKey: key, portalClientId: 'portal' }
  return {
    config,
    /** What it was asked, oldest first. */
    forms,
    /** A portal with the key that is known. */
    portal: (more: Partial<typeof config> = {}, nowMs?: () => number) => createSessions({ ...config, ...more }, nowMs && { nowMs }),
    end: (handle: string) => void ended.add(handle),
    answersWith: (next: Answer | undefined) => void (fault = next),
    givesTokensFor: (seconds: number) => void (lifeS = seconds),
    /** Answers nothing until the function that it returns is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Server = Awaited<ReturnType<typeof anAuthorizationServer>>

/** The pair of a `Set-Cookie`, as the browser sends it. */
export const sent = (...cookies: string[]): string => cookies.map((cookie) => cookie.split(';')[0]).join('; ')

/** Signs somebody in, and gives the header `Cookie` of their browser from then on. */
export async function signedIn(server: Server, code: string, portal = server.portal()): Promise<string> {
  const { url, cookie } = await portal.beginSignIn({ returnTo: '/servers' })
  const finished = await portal.finishSignIn(answerTo(url, server, { code }), sent(cookie))
  if (!('cookie' in finished)) throw new Error(`the sign-in came to nothing: ${finished.fault.kind}`)
  return sent(cookie, finished.cookie)
}

/** The address to which the gateway sends the browser back. */
export function answerTo(asked: string, { config }: Pick<Server, 'config'>, more: Record<string, string>): URL {
  const query = new URL(asked).searchParams
  const given = { iss: config.controlUrl, state: query.get('state') ?? '', ...more }
  return new URL(`${query.get('redirect_uri')}?${new URLSearchParams(given)}`)
}
