import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { z } from 'zod'

/**
 * The key of a portal, the content of the file that PORTAL_KEY_FILE names: a private key on the curve P-256 as a JWK
 * (RFC 7517). The portal signs in with it (ES256), and the control plane knows its public half alone.
 */
export const PortalKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string().min(40),
  kid: z.string().optional(),
})
export type PortalKey = z.infer<typeof PortalKey>

/** Makes a key. */
export async function newPortalKey(): Promise<PortalKey> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = PortalKey.parse(await exportJWK(privateKey))
  return { ...key, kid: await portalKeyId(key) }
}

/** The thumbprint of a key (RFC 7638), by which `clients.list` names it. */
export const portalKeyId = ({ kty, crv, x, y }: PortalKey): Promise<string> => calculateJwkThumbprint({ kty, crv, x, y })

/** The public half, as `clients.create` and `clients.rotate` take it. */
export async function publicKeys(key: PortalKey): Promise<{ keys: Record<string, string>[] }> {
  const { kty, crv, x, y } = key
  return { keys: [{ kty, crv, x, y, alg: 'ES256', use: 'sig', kid: await portalKeyId(key) }] }
}

/** The path of a portal to which codes go. */
export const PORTAL_CALLBACK = '/auth/callback'

/** Where a portal at this address has people sent: with a code, and after they signed out. */
export function portalUris(address: string): { redirectUris: string[]; postLogoutRedirectUris: string[] } {
  const base = address.replace(/\/+$/, '')
  return { redirectUris: [base + PORTAL_CALLBACK], postLogoutRedirectUris: [`${base}/`] }
}
