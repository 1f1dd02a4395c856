import { createHash, randomBytes } from 'node:crypto'
import { request } from 'undici'
import { z } from 'zod'

const Metadata = z.looseObject({
  issuer: z.url(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  registration_endpoint: z.url(),
})
const Registered = z.looseObject({ client_id: z.string() })
const Tokens = z.looseObject({ access_token: z.string(), refresh_token: z.string().optional(), expires_in: z.number() })
type Tokens = z.infer<typeof Tokens>

/** An answer of the token endpoint, good or bad. */
export interface TokenAnswer {
  status: number
  tokens: Tokens | undefined
  /** The code of RFC 6749, section 5.2. */
  error: string | undefined
  body: string
}

interface Begun {
  url: URL
  state: string
  verifier: string
}

/** A public OAuth client as small as one can be: it registers itself, and does the code flow with PKCE. */
export class FlowClient {
  readonly id: string
  readonly redirectUri: string
  private readonly endpoints: z.infer<typeof Metadata>
  private readonly resource: string | undefined

  private constructor(id: string, redirectUri: string, endpoints: z.infer<typeof Metadata>, resource: string | undefined) {
    this.id = id
    this.redirectUri = redirectUri
    this.endpoints = endpoints
    this.resource = resource
  }

  /** Registers a client of its own at the issuer, unless it is told which client it is. */
  static async at(
    issuer: string,
    { id, redirectUri = 'http://127.0.0.1:1/callback', resource }: { id?: string; redirectUri?: string; resource?: string } = {},
  ): Promise<FlowClient> {
    const metadata = await request(`${issuer}/.well-known/oauth-authorization-server`)
    const endpoints = Metadata.parse(await metadata.body.json())
    return new FlowClient(id ?? (await register(endpoints.registration_endpoint, redirectUri)), redirectUri, endpoints, resource)
  }

  /** Where the person's browser is sent. */
  begin(): Begun {
    const [state, verifier] = [randomBytes(16).toString('base64url'), randomBytes(32).toString('base64url')]
    const url = new URL(this.endpoints.authorization_endpoint)
    const query = {
      client_id: this.id,
      response_type: 'code',
      redirect_uri: this.redirectUri,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...(this.resource && { resource: this.resource }),
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return { url, state, verifier }
  }

  /** The code in an answer that came to the redirect URI. Throws when it is an error, or no answer to this request. */
  codeOf(callback: URL, { state }: Begun): string {
    const { searchParams: query } = callback
    if (query.get('state') !== state || query.get('iss') !== this.endpoints.issuer) throw new Error(`not an answer to us: ${callback.href}`)
    const code = query.get('code')
    if (!code) throw new Error(`${query.get('error')}: ${query.get('error_description')}`)
    return code
  }

  redeem(code: string, { verifier }: Pick<Begun, 'verifier'>): Promise<TokenAnswer> {
    return this.ask({ grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, code_verifier: verifier })
  }

  refresh(refreshToken: string): Promise<TokenAnswer> {
    return this.ask({ grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  private async ask(form: Record<string, string>): Promise<TokenAnswer> {
    const body = new URLSearchParams({ ...form, client_id: this.id, ...(this.resource && { resource: this.resource }) }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await request(this.endpoints.token_endpoint, { method: 'POST', headers, body })
    const text = await answer.body.text()
    const parsed = parseJson(text)
    const error = z.looseObject({ error: z.string() }).safeParse(parsed).data?.error
    return {
      status: answer.statusCode,
      tokens: answer.statusCode === 200 ? Tokens.parse(parsed) : undefined,
      error,
      body: text,
    }
  }
}

async function register(endpoint: string, redirectUri: string): Promise<string> {
  const body = JSON.stringify({
    client_name: 'Flow client',
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  })
  const answer = await request(endpoint, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const text = await answer.body.text()
  if (answer.statusCode !== 201) throw new Error(`No registration: ${answer.statusCode} ${text}`)
  return Registered.parse(JSON.parse(text)).client_id
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
