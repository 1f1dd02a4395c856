import type { JsonWebKey } from 'node:crypto'
import { openSealed, sealTo } from '@bir/sdk/seal-box'
import { z } from 'zod'

/**
 * Stands in a forwarded request instead of `authorization`: the same value, sealed so that only the plane that the
 * roster names can open it. Whoever answers at that plane's address by mistake or by a trick learns no token.
 */
export const SEALED_AUTHORIZATION_HEADER = 'bir-sealed-authorization'

/** `dig` is the digest of the request (`requestDigest`), so that a box cannot be put into another request. */
const Content = z.object({ dig: z.string(), authorization: z.string() })

export const sealAuthorization = (sealingKey: JsonWebKey, dig: string, authorization: string): string =>
  sealTo(sealingKey, Buffer.from(JSON.stringify({ dig, authorization } satisfies z.infer<typeof Content>)))

/** Undefined when the box was sealed to another plane, was altered, or belongs to another request. */
export function openAuthorization(sealingKey: JsonWebKey, digest: string, box: string): string | undefined {
  try {
    const { dig, authorization } = Content.parse(JSON.parse(openSealed(sealingKey, box).toString('utf8')))
    return dig === digest ? authorization : undefined
  } catch {
    return undefined
  }
}
