import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'

export const redirectUri = 'http://127.0.0.1:49152/callback'

const Tokens = z.object({ id_token: z.string(), access_token: z.string(), refresh_token: z.string() })
export type Tokens = z.infer<typeof Tokens>

/** Signs a person in at the provider as a program with a browser does: authorization code and PKCE, over HTTP. */
export async function signIn(issuer: string, handle: string, password: string): Promise<Tokens> {
  const browser = new Browser(issuer)
  const { verifier, login } = await browser.authorize()
  const callback = await browser.signIn(login, handle, password)
  return exchange(issuer, { grant_type: 'authorization_code', code: callback.searchParams.get('code') ?? '', code_verifier: verifier })
}

/** Sends a form to the token endpoint, as the client `bir`. */
export async function exchange(issuer: string, form: Record<string, string>): Promise<Tokens> {
  const body = new URLSearchParams({ client_id: 'bir', redirect_uri: redirectUri, ...form })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  return Tokens.parse(await response.json())
}

interface AskingClient {
  clientId?: string
  redirectUri?: string
  scope?: string
}

/** Keeps cookies and follows redirects, until one leads out of the provider. It is sent there by a client. */
export class Browser {
  private readonly issuer: string
  private readonly client: Required<AskingClient>
  private readonly cookies = new Map<string, string>()

  constructor(issuer: string, client: AskingClient = {}) {
    this.issuer = issuer
    this.client = { clientId: 'bir', redirectUri, scope: 'openid profile email groups', ...client }
  }

  async authorize(): Promise<{ verifier: string; login: URL; page: Response }> {
    const verifier = randomBytes(32).toString('base64url')
    const response = await this.get(this.authorizePath(createHash('sha256').update(verifier).digest('base64url')))
    const login = new URL(response.headers.get('location') ?? '', this.issuer)
    const page = await this.request(login)
    return { verifier, login, page }
  }

  authorizePath(challenge: string): string {
    const query = new URLSearchParams({
      client_id: this.client.clientId,
      response_type: 'code',
      redirect_uri: this.client.redirectUri,
      scope: this.client.scope,
      state: 's',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    return `/auth?${query.toString()}`
  }

  get(path: string): Promise<Response> {
    return this.request(new URL(path, this.issuer))
  }

  post(url: URL, form: Record<string, string>): Promise<Response> {
    return this.request(url, { method: 'POST', body: new URLSearchParams(form) })
  }

  async signIn(login: URL, handle: string, password: string): Promise<URL> {
    let next = target(this.issuer, await this.post(login, { handle, password }))
    while (next.origin === this.issuer) next = target(this.issuer, await this.request(next))
    return next
  }

  private async request(url: URL, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name && value !== undefined) this.cookies.set(name, value)
    }
    return response
  }
}

function target(issuer: string, response: Response): URL {
  const location = response.headers.get('location')
  if (!location) throw new Error(`status ${response.status} from ${response.url} leads nowhere`)
  return new URL(location, issuer)
}
