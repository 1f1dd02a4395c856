import { OAuthError } from '../../base/errors/oauth-error.ts'
import type { OAuthClient } from '../clients/client.ts'
import { redirectUriFault } from '../clients/redirect-uri.ts'
import { optionalParameter, optionalText, readForm, requireParameter } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { targetOf } from '../base/resource.ts'
import type { Target } from '../base/resource.ts'
import type { Incoming } from '../base/stages.ts'
import { PageFault } from '../flow/page-fault.ts'

/* The stages of the authorization endpoint (RFC 6749, section 4.1.1; OAuth 2.1; RFC 7636; RFC 8707). */

interface Asked {
  form: URLSearchParams
}

/** A request comes as a query or as a form (OpenID Connect Core, section 3.1.2.1). */
export async function readQuery(call: Incoming): Promise<Asked> {
  const { request, url } = call.exchange
  const { form } = request.method === 'POST' ? await readForm(call) : { form: url.searchParams }
  let bytes = 0
  for (const [name, value] of form) bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (bytes > maxBytes)
    throw new PageFault({ situation: 'faulty-request' }, { detail: `The parameters may have ${maxBytes} bytes together.` })
  return { form }
}

/** Of all parameters together: much of them is kept until the person has answered. */
const maxBytes = 8 * 1024

/** Until the redirect URI is known to be the client's, nothing is sent there: faults are for the person. */
export const findClient =
  ({ findClient: find }: OAuthParts) =>
  async ({ form, exchange }: Asked & Incoming): Promise<{ client: OAuthClient }> => {
    const clientId = optionalText(form, 'client_id')
    if (clientId === undefined) throw new PageFault({ situation: 'faulty-request' }, { detail: 'Exactly one client_id is needed.' })
    return { client: await find(clientId, exchange.address) }
  }

/** What a client may rely on once its redirect URI is checked: errors are sent there. */
export interface Redirectable {
  redirect: { uri: string; state: string | undefined }
}

/** A client with one redirect URI need not name it (RFC 6749, section 3.1.2.3). */
export function checkRedirectUri({ client, form }: Asked & { client: OAuthClient }): Redirectable {
  const named = optionalText(form, 'redirect_uri')
  const uri = named ?? (form.has('redirect_uri') || client.redirectUris.length !== 1 ? undefined : client.redirectUris[0])
  if (uri === undefined) throw new PageFault({ situation: 'faulty-request' }, { detail: 'Exactly one redirect_uri is needed.' })
  const fault = redirectUriFault(client, uri)
  if (fault !== undefined)
    throw new PageFault({ situation: 'wrong-redirect', facts: { client: client.name } }, { reason: 'redirect-mismatch', detail: fault })
  return { redirect: { uri, state: optionalText(form, 'state') } }
}

export function checkResponseType({ form, client }: Asked & { client: OAuthClient }): void {
  if (requireParameter(form, 'response_type') !== 'code')
    throw new OAuthError('unsupported_response_type', 'The only response_type is code.')
  const mode = optionalParameter(form, 'response_mode')
  if (mode !== undefined && mode !== 'query') throw new OAuthError('invalid_request', 'The only response_mode is query.')
  for (const name of ['request', 'request_uri'])
    if (form.has(name)) throw new OAuthError('invalid_request', `The parameter ${name} is not taken: send the parameters themselves.`)
  for (const name of ['state', 'login_hint']) checkKept(optionalParameter(form, name), name)
  if (!client.grantTypes.includes('authorization_code'))
    throw new OAuthError('unauthorized_client', 'This client may not use the authorization code grant.')
}

const maxKeptChars = 4096

/** What is kept until the person has answered: printable (RFC 6749, appendix A.5), and no more than clients need. */
function checkKept(text: string | undefined, name: string): void {
  if (text === undefined || (text.length <= maxKeptChars && !/\p{Cc}/u.test(text))) return
  throw new OAuthError('invalid_request', `The ${name} must have ${maxKeptChars} characters at most, and no control characters.`)
}

/** Every client proves with PKCE that it is the one that asked, and only by S256 (OAuth 2.1, section 7.5.2). */
export function checkPkce({ form }: Asked): { codeChallenge: string } {
  const method = optionalParameter(form, 'code_challenge_method')
  const codeChallenge = optionalParameter(form, 'code_challenge')
  if (codeChallenge === undefined)
    throw new OAuthError('invalid_request', 'A code_challenge is needed (PKCE, RFC 7636).', { reason: 'pkce-missing' })
  if (method !== 'S256') throw new OAuthError('invalid_request', 'The code_challenge_method must be S256.', { reason: 'pkce-downgrade' })
  if (!/^[\w-]{43}$/.test(codeChallenge)) throw new OAuthError('invalid_request', 'The code_challenge must be 43 characters of base64url.')
  return { codeChallenge }
}

export const checkResource =
  (parts: OAuthParts) =>
  ({ form }: Asked): { target: Target } => ({ target: targetOf(form.getAll('resource'), parts) })

const knownScopes = new Set(['mcp', 'openid', 'profile', 'email', 'offline_access'])

/** The one scope is `mcp`. What OpenID clients ask besides is left out of the grant (RFC 6749, section 3.3). */
export function checkScope({ form }: Asked): { scope: string } {
  const asked =
    optionalParameter(form, 'scope')
      ?.split(' ')
      .filter((word) => word !== '') ?? []
  const unknown = asked.filter((word) => !knownScopes.has(word))
  if (unknown.length > 0 && !asked.includes('mcp')) throw new OAuthError('invalid_scope', 'The scope of this gateway is mcp.')
  return { scope: 'mcp' }
}

const prompts = new Set(['none', 'login', 'consent', 'select_account'])

export function checkPrompt({ form }: Asked): { prompt: ReadonlySet<string> } {
  const prompt = new Set(optionalParameter(form, 'prompt')?.split(' ') ?? [])
  if ([...prompt].some((word) => !prompts.has(word)) || (prompt.has('none') && prompt.size > 1))
    throw new OAuthError('invalid_request', 'The parameter prompt is none, or any of login, consent and select_account.')
  return { prompt }
}
