import { decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { JWTPayload } from 'jose'
import { errorText } from '../base/log.ts'
import { mapClaims } from './claims/map-claims.ts'
import type { MappedClaims } from './claims/mapped-claims.ts'
import type { ConfiguredProvider } from './setup/configured.ts'
import { ProviderFault } from './faults/provider-fault.ts'
import type { ConnectionOf } from './wire/connections.ts'
import { explainFault } from './faults/explain-fault.ts'
import { verifySigned } from './wire/verify-signed.ts'

const idJagType = 'urn:ietf:params:oauth:token-type:id-jag'

export interface VerifiedToken {
  provider: string
  claims: MappedClaims
  /** The client that the provider gave the token to. */
  clientId: string | undefined
  /** Every claim, as it was signed. */
  payload: JWTPayload
}

interface Verifying {
  providers: readonly ConfiguredProvider[]
  connectionOf: ConnectionOf
  /** The gateway's own issuer, which is the audience of an ID-JAG. */
  issuer: string
  nowMs: () => number
}

/** The claim `iss` says which provider made a token; it is verified with the keys of that one alone. */
export async function verifyProviderToken(
  { providers, connectionOf, issuer, nowMs }: Verifying,
  token: string,
  tokenType: string,
): Promise<VerifiedToken> {
  if (providers.length === 0) throw refused('No identity provider is set up.', 'Ask an administrator.')
  const { iss, typ } = unverified(token)
  const provider = providers.find((each) => each.issuer === iss)
  if (!provider)
    throw refused('The token is of no identity provider that is set up here.', 'Send a token of the company’s identity provider.')
  const isIdJag = tokenType === idJagType
  if (isIdJag ? typ !== 'oauth-id-jag+jwt' : !usualTypes.includes(typ))
    throw refused('The token is of another type than was said.', getAnother)
  if (isIdJag && provider.idJag !== true)
    throw refused('The policy does not let this provider assert which clients people use here.', 'An administrator can, with idJag: true.')

  const connection = await connectionOf(provider)
  const expected = isIdJag ? { audience: issuer, typ: 'oauth-id-jag+jwt' } : { audience: provider.audience }
  const payload = await verifySigned({ provider, connection, nowMs }, token, expected).catch((error: unknown) => {
    throw toRefusal(provider.handle, error, nowMs())
  })
  const clientId = clientOf(payload)
  if (!isIdJag) refuseForeign(provider, payload, clientId)
  return { provider: provider.handle, claims: mapClaims(provider, payload), clientId, payload }
}

/** Not those that are for something else, such as a logout token or a proof of possession (RFC 8725, section 3.11). */
const usualTypes = ['', 'jwt', 'at+jwt']

function unverified(token: string): { iss: string | undefined; typ: string } {
  try {
    const { typ = '' } = decodeProtectedHeader(token)
    return { iss: decodeJwt(token).iss, typ: typ.toLowerCase().replace(/^application\//, '') }
  } catch {
    throw refused('The token is no JWT.', getAnother)
  }
}

/** Refuses the token if it is invalid. Reports the provider as unavailable if its keys cannot be fetched. */
function toRefusal(handle: string, error: unknown, nowMs: number): ProviderFault {
  if (error instanceof errors.JWTExpired)
    return refused(`The token is expired: it was good until ${new Date((error.payload.exp ?? 0) * 1000).toISOString()}.`, getAnother)
  const isTokenFault =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    error.code !== 'ERR_JOSE_GENERIC' &&
    !isClaimOfTime(error)
  return isTokenFault ? refused(`The token is refused: ${errorText(error)}.`, getAnother) : explainFault(handle, error, nowMs)
}

const isClaimOfTime = (error: unknown) => error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf'

const clientOf = ({ azp, client_id }: JWTPayload): string | undefined => [azp, client_id].find((value) => typeof value === 'string')

/** Refuses a token for another client of the provider: the person did not get it for us. */
function refuseForeign({ audience, clientId: own }: ConfiguredProvider, payload: JWTPayload, clientId: string | undefined): void {
  if (payload['events'] !== undefined) throw refused('The token is a message about an event, and no token of a person.', getAnother)
  if (clientId !== undefined && clientId !== audience && clientId !== own)
    throw refused('The token was issued to another client.', `Get a token for the client ${audience}.`)
}

const getAnother = 'Get another token from the identity provider.'

const refused = (what: string, next: string) => new ProviderFault({ reason: 'token-refused', whose: 'you', what, next })
