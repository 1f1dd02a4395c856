import { oauthError } from '../../base/errors/oauth-error.ts'
import { requireParameter } from '../base/form.ts'
import type { GrantType } from './grant.ts'
import { idJag } from './id-jag.ts'
import { operatorAssertion } from './operator-assertion.ts'

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** The assertions that are taken (RFC 7523), by the `typ` of their header (RFC 8725, section 3.11). */
const assertions: Readonly<Record<string, GrantType>> = {
  'bir-operator+jwt': operatorAssertion,
  'oauth-id-jag+jwt': idJag,
}

/** What an assertion is, its header says. It is never tried as one thing after the other. */
export const jwtBearer: GrantType = async (parts, request) => {
  const typ = typOf(requireParameter(request.form, 'assertion'))
  const grant = Object.hasOwn(assertions, typ) ? assertions[typ] : undefined
  if (!grant) throw oauthError('invalid_grant', 'Assertions of this typ are not taken here.')
  return grant(parts, request)
}

function typOf(jwt: string): string {
  try {
    const header: unknown = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString())
    return typeof header === 'object' && header !== null && 'typ' in header ? String(header.typ).toLowerCase() : ''
  } catch {
    return ''
  }
}
