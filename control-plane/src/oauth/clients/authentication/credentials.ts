import type { IncomingMessage } from 'node:http'
import { oauthError, OAuthError } from '../../../base/errors/oauth-error.ts'

const clientAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What a request holds to prove which client sent it. */
export type Credentials =
  | { method: 'none'; clientId: string }
  | { method: 'secret'; clientId: string; secret: string; isBasic: boolean }
  | { method: 'assertion'; clientId: string | undefined; assertion: string }

/**
 * Reads the credentials of a client: in the header (Basic), in the form, or an assertion (RFC 6749, section 2.3.1; RFC
 * 7523, section 2.2). Throws when there are several: which one counts would be anybody's guess.
 */
export function readCredentials(form: URLSearchParams, { headers }: Pick<IncomingMessage, 'headers'>): Credentials {
  const clientId = parameter(form, 'client_id')
  const secret = parameter(form, 'client_secret')
  const assertion = parameter(form, 'client_assertion')
  const assertionType = parameter(form, 'client_assertion_type')
  const basic = basicOf(headers.authorization)
  const ways = [basic?.secret, secret, assertion ?? assertionType].filter((way) => way !== undefined)
  if (ways.length > 1)
    throw oauthError('invalid_request', 'A client authenticates in one way at a time: the header, the secret in the form, or an assertion.')
  if (basic && clientId !== undefined && clientId !== basic.clientId)
    throw oauthError('invalid_request', 'The client_id in the form is not that of the header.')
  if (assertion !== undefined || assertionType !== undefined)
    return { method: 'assertion', clientId, assertion: assertionOf(assertion, assertionType) }
  if (basic?.secret !== undefined) return { method: 'secret', clientId: basic.clientId, secret: basic.secret, isBasic: true }
  const id = basic?.clientId ?? clientId
  if (id === undefined) throw oauthError('invalid_client', 'The request does not say which client it is of: client_id is missing.')
  return secret === undefined ? { method: 'none', clientId: id } : { method: 'secret', clientId: id, secret, isBasic: false }
}

function assertionOf(assertion: string | undefined, type: string | undefined): string {
  if (type !== clientAssertion || assertion === undefined)
    throw oauthError('invalid_request', `A client_assertion comes with client_assertion_type ${clientAssertion}.`)
  return assertion
}

/** A parameter that is sent twice is read differently by different readers; one without a value counts as left out. */
function parameter(form: URLSearchParams, name: string): string | undefined {
  const [value, ...repetitions] = form.getAll(name)
  if (repetitions.length > 0) throw oauthError('invalid_request', `Exactly one ${name} is needed.`)
  return value || undefined
}

/** Undefined without the header, and for a header of another scheme. An empty secret counts as none. */
function basicOf(header: string | undefined): { clientId: string; secret: string | undefined } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) {
    if (/^Basic\b/i.test(header ?? '')) throw malformed()
    return undefined
  }
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1) throw malformed()
  return { clientId: decoded(text.slice(0, colon)), secret: decoded(text.slice(colon + 1)) || undefined }
}

/** Id and secret are form-encoded before they are joined (RFC 6749, appendix B). */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformed()
  }
}

/** Whoever tried with the header is told with which scheme (RFC 6749, section 5.2). */
export const BASIC_CHALLENGE = { 'www-authenticate': 'Basic realm="oauth", charset="UTF-8"' }

const malformed = () =>
  new OAuthError(
    'invalid_client',
    'The header Authorization is malformed: Basic takes the form-encoded id and secret, joined by a colon, in base64.',
    { headers: BASIC_CHALLENGE },
  )
