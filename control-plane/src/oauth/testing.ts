import { createHash, randomBytes } from 'node:crypto'
import { aHeldRequest } from '../base/testing.ts'
import { aRunningControlPlane, ISSUER } from '../internal/testing.ts'
import { aProvider, CLIENT_ID, CLIENT_SECRET } from '../providers/testing.ts'

export const REDIRECT_URI = 'http://127.0.0.1:9999/callback'

/** A control plane with a foreign identity provider, at which alice and bob have accounts. */
export async function aSignInGateway(env: Record<string, string> = {}) {
  const people = {
    'subject-alice': { preferred_username: 'alice', name: 'Alice', email: 'alice@bank.example', email_verified: true },
    'subject-bob': { preferred_username: 'bob', name: 'Bob', email: 'bob@bank.example', email_verified: true },
  }
  const idp = await aProvider({ redirectUri: `${ISSUER}/oauth/callback/demo`, logoutUri: `${ISSUER}/oauth/logout`, people })
  const settings = { IDP_ISSUER: idp.issuer, IDP_AUDIENCE: CLIENT_ID, IDP_CLIENT_ID: CLIENT_ID, IDP_CLIENT_SECRET: CLIENT_SECRET }
  const control = await aRunningControlPlane({ ...settings, ...env })
  const dispose = async () => {
    await control[Symbol.asyncDispose]()
    await idp[Symbol.asyncDispose]()
  }
  return { idp, control, [Symbol.asyncDispose]: dispose }
}

type Gateway = Awaited<ReturnType<typeof aSignInGateway>>

/** Registers a client as MCP clients do (RFC 7591). */
export async function registered({ control }: Gateway, more: object = {}): Promise<string> {
  const metadata = { client_name: 'Test client', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none', ...more }
  const headers = { 'content-type': 'application/json' }
  const response = await control.get('/oauth/register', { method: 'POST', headers, body: JSON.stringify(metadata) })
  return ((await response.json()) as { client_id: string }).client_id
}

/** What a client sends to the authorization endpoint, and keeps. */
export function anAuthorization(clientId: string, more: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    state: 'state-of-the-client',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  })
  return { path: `/oauth/authorize?${query}`, verifier }
}

/** Where a browser has got to: a page of the gateway, or an address outside of it. */
export interface Stop {
  status: number
  url: URL
  html: string
  headers: Headers
}

interface Sent {
  headers: Record<string, string>
  method?: string
  body?: URLSearchParams
}

/** A browser with its cookies: it follows redirects, signs in at the provider, and sends forms. */
export class TestBrowser {
  readonly cookies = new Map<string, string>()
  /** Sent with every request: what the browser calls itself, and where it is. */
  headers: Record<string, string> = {}
  /** Stops at the provider, before anybody signs in there. */
  staysAtProvider = false
  private readonly gateway: Gateway
  private readonly subject: string

  constructor(gateway: Gateway, person = 'alice') {
    this.gateway = gateway
    this.subject = `subject-${person}`
  }

  go(path: string, headers: Record<string, string> = { 'sec-fetch-site': 'none' }): Promise<Stop> {
    return this.send(path, { headers })
  }

  /** Sends the form of a page, with the fields that the page has hidden in it. */
  submit(stop: Stop, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Stop> {
    const { action, body } = formOf(stop, fields)
    return this.send(action, { method: 'POST', headers: { origin: ISSUER, ...headers }, body })
  }

  /** Begins to send the form of a page, and stops after its first byte. */
  hold(stop: Stop, fields: Record<string, string>) {
    const { action, body } = formOf(stop, fields)
    const headers = { cookie: this.cookie, origin: ISSUER, 'content-type': 'application/x-www-form-urlencoded', ...this.headers }
    return aHeldRequest(this.gateway.control.url + action, { headers, body: body.toString() })
  }

  private get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  private async send(path: string, init: Sent, steps = 10): Promise<Stop> {
    if (steps === 0) throw new Error('the gateway redirects without end')
    const response = await this.gateway.control.get(path, {
      redirect: 'manual',
      ...init,
      headers: { cookie: this.cookie, ...this.headers, ...init.headers },
    })
    for (const text of response.headers.getSetCookie()) this.keep(text)
    const location = response.headers.get('location')
    if (location === null)
      return { status: response.status, url: new URL(path, ISSUER), html: await response.text(), headers: response.headers }
    let next = new URL(location, ISSUER)
    const isAtProvider = next.origin === this.gateway.idp.issuer
    if (isAtProvider && !this.staysAtProvider) next = await this.gateway.idp.signIn(next, this.subject)
    if (next.origin !== ISSUER) return { status: response.status, url: next, html: '', headers: response.headers }
    return this.send(next.pathname + next.search, { headers: { 'sec-fetch-site': 'cross-site' } }, steps - 1)
  }

  private keep(text: string): void {
    const [name = '', value = ''] = (text.split(';')[0] ?? '').split(/=(.*)/s)
    if (/max-age=0/i.test(text)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

/** Where the form of a page goes, with the fields that the page has hidden in it. */
function formOf({ html }: Stop, fields: Record<string, string>) {
  const action = /<form[^>]*action="(\/oauth\/(?!language)[^"]*)"/.exec(html)?.[1] ?? ''
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  const hidden = Object.fromEntries([...inputs].map(([, name, value]) => [name, value]))
  return { action, body: new URLSearchParams({ ...hidden, ...fields }) }
}

interface TokenAnswer {
  access_token: string
  refresh_token: string
  token_type: string
  expires_in: number
  error: string
  error_description: string
}

export async function tokens({ control }: Gateway, form: Record<string, string>): Promise<{ status: number; body: TokenAnswer }> {
  const response = await control.token(form)
  return { status: response.status, body: (await response.json()) as TokenAnswer }
}

/** The whole dance of a client in a browser: sign-in, consent, code, tokens. */
export async function signedIn(
  gateway: Gateway,
  { clientId, browser = new TestBrowser(gateway) }: { clientId: string; browser?: TestBrowser },
) {
  const { path, verifier } = anAuthorization(clientId)
  const consent = await browser.go(path)
  const { url } = await browser.submit(consent, { decision: 'allow' })
  const code = url.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT_URI, code, code_verifier: verifier }
  return { code, verifier, form, browser, ...(await tokens(gateway, form)) }
}
