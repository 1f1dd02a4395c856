import { z } from 'zod'
import { CliFault } from '../base/fault.ts'
import { isUnsafe } from './config.ts'
import { exchange } from './exchange.ts'

const endpoint = z.url({ protocol: /^https?$/ }).refine((url) => !isUnsafe(url), 'must be https')

/** The part of the authorization server's metadata (RFC 8414) that this command uses. */
const Metadata = z.looseObject({
  issuer: z.string(),
  token_endpoint: endpoint,
  device_authorization_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
})
export type Metadata = z.infer<typeof Metadata>

/**
 * Reads the metadata of the gateway at this address (RFC 8414, section 3). Its `issuer` must be the address itself:
 * otherwise a token would be asked for somewhere else than the person named.
 */
export async function discover(issuer: string): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer)
  const address = `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`
  const { status, answer } = await exchange(address)
  const metadata = Metadata.safeParse(answer)
  if (status !== 200 || !metadata.success)
    throw new CliFault(
      'not_a_gateway',
      `${origin} does not say how to sign in (${address} answered ${status}): is it the control plane of a gateway?`,
    )
  if (metadata.data.issuer === issuer) return metadata.data
  throw new CliFault('wrong_issuer', `The gateway at ${issuer} calls itself ${metadata.data.issuer}: name it by that address.`)
}
