import type { VaultAnswer } from '@bir/sdk/vault/fault'
import nodeVault from 'node-vault'
import type { VaultRequest, VaultTransport } from './vault-transport.ts'

/** Asks Vault: the answer of any status, or `StoreFault` where there is none. `path` is below `/v1/`, and encoded. */
export type AskVault = (method: VaultRequest['method'], path: string, options?: { token?: string; body?: object }) => Promise<VaultAnswer>

/** What the package hands to its transport. */
interface PackageRequest {
  method: VaultRequest['method']
  uri: string
  headers: Record<string, string>
  json?: unknown
}

/**
 * Vault's HTTP API through the package `node-vault`, over a transport of ours. Its own follows redirects to any address
 * with the token, trusts any certificate when VAULT_SKIP_VERIFY is set, and prints bodies when DEBUG is.
 */
export function vaultClient(
  { address, namespace }: { address: string; namespace: string | undefined },
  transport: VaultTransport,
): AskVault {
  const send = ({ method, uri, headers, json }: PackageRequest) =>
    transport.send({ method, url: uri, headers, body: typeof json === 'object' && json !== null ? json : undefined })
  const client = nodeVault({
    endpoint: address,
    ...(namespace !== undefined && { namespace }),
    debug: () => undefined,
    'request-promise': { defaults: () => send },
  })
  // The first three it reads from the environment where they are not given. Of an answer that is none of its few good
  // ones it would keep too little.
  Object.assign(client, { token: '', namespace: namespace ?? '', pathPrefix: '', handleVaultResponse: (answer: unknown) => answer })
  return async (method, path, { token, body } = {}) => {
    const headers = { 'x-vault-request': 'true', ...(token !== undefined && { 'X-Vault-Token': token }) }
    return (await client.request({ method, path: `/${path}`, headers, ...(body && { json: body }) })) as VaultAnswer
  }
}
