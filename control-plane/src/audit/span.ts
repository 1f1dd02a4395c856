import { ApiError } from '../base/api-error.ts'

/** Throws `invalid_input` for a time that ends before it begins. */
export function refuseEmptySpan({ since, until }: { since?: string | undefined; until?: string | undefined }): void {
  if (since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until))
    throw new ApiError('invalid_input', `until: ${until} is not after since, which is ${since}`)
}
