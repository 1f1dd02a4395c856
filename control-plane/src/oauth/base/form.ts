import { Refusal } from '../../base/http.ts'
import type { Exchange } from '../../base/http.ts'
import { oauthError } from '../../base/errors/oauth-error.ts'

const maxFormBytes = 64 * 1024

/** Reads the body of a request as a form (RFC 6749, appendix B). */
export async function readForm({ exchange: { request, body } }: { exchange: Exchange }): Promise<{ form: URLSearchParams }> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw new Refusal(415, 'invalid_request', 'The body must be form-encoded.')
  return { form: new URLSearchParams((await body(maxFormBytes)).toString()) }
}

/** Refuses a parameter that is sent twice: two readers may read such a request differently (RFC 6749 §3.2). */
export function requireParameter(form: URLSearchParams, name: string): string {
  const value = optionalParameter(form, name)
  if (value === undefined) throw oauthError('invalid_request', `Exactly one ${name} is needed.`)
  return value
}

/** A parameter without a value counts as left out (RFC 6749 §3.1). */
export function optionalParameter(form: URLSearchParams, name: string): string | undefined {
  const [value, ...repetitions] = form.getAll(name)
  if (repetitions.length > 0) throw oauthError('invalid_request', `Exactly one ${name} is needed.`)
  return value || undefined
}

/** The same for a page: a parameter that comes twice counts as absent, and the page says what is missing. */
export function optionalText(form: URLSearchParams, name: string): string | undefined {
  const [value, ...repetitions] = form.getAll(name)
  return repetitions.length > 0 ? undefined : value || undefined
}
