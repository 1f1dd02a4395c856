import { errors } from 'jose'
import * as oidc from 'openid-client'
import { clockOffOf, clockText } from '../../base/clock.ts'
import { errorText } from '../../base/log.ts'
import { ProviderFault } from './provider-fault.ts'
import { answeredFault } from './answered-fault.ts'

/** Says truthfully what went wrong with a provider, and whose mistake it is. A `ProviderFault` stays as it is. */
export function explainFault(handle: string, error: unknown, nowMs = Date.now()): ProviderFault {
  const known = causesOf(error).find((cause) => cause instanceof ProviderFault)
  if (known) return known
  if (error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError) return answeredFault(handle, error)
  // Whoever fails may ask for a credential too, which then says nothing about ours.
  if (error instanceof oidc.WWWAuthenticateChallengeError)
    return answeredFault(handle, { error: error.status === 401 ? 'invalid_client' : 'error', status: error.status })
  const offMs = clockOff(error, nowMs)
  if (offMs !== undefined) return clockFault(handle, offMs, nowMs)
  return mismatch(handle, error) ?? badAnswer(handle, error)
}

/** The error, what caused it, and so on. */
function causesOf(error: unknown, depth = 0): unknown[] {
  return error instanceof Error && depth < 8 ? [error, ...causesOf(error.cause, depth + 1)] : [error]
}

/** What `openid-client` tells about a claim that it refused. */
interface Compared {
  claims?: { iat?: unknown }
  claim?: string
  parameters?: unknown
  attribute?: string
}

const comparedIn = (error: unknown): Compared =>
  causesOf(error).find(
    (cause): cause is Compared => typeof cause === 'object' && cause !== null && ('claims' in cause || 'parameters' in cause),
  ) ?? {}

function clockOff(error: unknown, nowMs: number): number | undefined {
  const fromJose = clockOffOf(error, nowMs)
  if (fromJose !== undefined) return fromJose
  if (!(error instanceof oidc.ClientError) || error.code !== 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return undefined
  const iat = comparedIn(error).claims?.iat
  return typeof iat === 'number' ? iat * 1000 - nowMs : undefined
}

export function clockFault(handle: string, offMs: number, nowMs: number): ProviderFault {
  return new ProviderFault({
    reason: 'clock-off',
    whose: 'administrator',
    what: `The sign-in of the identity provider ${handle} is not good at this time: ${clockText(`the identity provider ${handle}`, offMs, nowMs)}.`,
    next: 'An administrator must see which of the two clocks is wrong.',
    clockOffMs: offMs,
  })
}

/** The answer belongs to another sign-in, another provider or another client. */
function mismatch(handle: string, error: unknown): ProviderFault | undefined {
  const text = causesOf(error).map(errorText).join(' ')
  const { claim, parameters } = comparedIn(error)
  const isOf = (name: string) => claim === name || text.includes(`"${name}"`)
  const fault = (what: string) =>
    new ProviderFault({ reason: 'sign-in-mismatch', whose: 'you', what, next: signInAgain, detail: text.slice(0, 300) })
  if (parameters !== undefined && isOf('iss'))
    return fault(`This answer does not say that it is of the identity provider ${handle}: it may be of another one.`)
  if (parameters !== undefined && isOf('state')) return fault('This answer of the identity provider belongs to another sign-in.')
  if (isOf('nonce')) return fault(`The identity provider ${handle} answered another sign-in than this one.`)
  return undefined
}

const signInAgain = 'Close this page and sign in again. If it happens again, tell an administrator.'

/** Whatever is left: the provider sent something that OpenID Connect does not allow. */
function badAnswer(handle: string, error: unknown): ProviderFault {
  const detail = causesOf(error).map(causeText).join('; ').slice(0, 500)
  const status = causesOf(error).find((cause) => cause instanceof Response)?.status
  if (status !== undefined && status >= 500)
    return new ProviderFault(
      {
        reason: 'provider-failing',
        whose: 'provider',
        what: `The identity provider ${handle} answered with an error of its own (status ${status}).`,
        next: 'Try again in a moment; if it stays so, tell an administrator.',
        detail,
      },
      { cause: error },
    )
  const isKey = error instanceof errors.JOSEError
  const how =
    status === undefined
      ? isKey
        ? `what cannot be verified (${errorText(error)})`
        : 'what OpenID Connect does not allow'
      : `status ${status}`
  return new ProviderFault(
    {
      reason: 'provider-invalid',
      whose: 'provider',
      what: `The identity provider ${handle} answered with ${how}.`,
      next: 'Tell an administrator: the issuer may be written wrongly, or the provider is not set up for the gateway.',
      detail,
    },
    { cause: error },
  )
}

const causeText = (cause: unknown) =>
  cause instanceof Response ? `status ${cause.status}` : cause instanceof Error ? errorText(cause) : ''
