import { readFileSync } from 'node:fs'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { VaultAccess, VaultAuth } from '@bir/sdk/vault/settings'
import { request } from 'undici'
import { startVault } from '../../../../../deploy/testing/vault/stand-in.ts'

// oxlint-disable-next-line node/no-process-env
const { BIR_TEST_VAULT_ADDR: realAddress, BIR_TEST_VAULT_TOKEN: realToken } = process.env

/** What the tests run against: the server that BIR_TEST_VAULT_ADDR names, or else a stand-in. */
export const TESTED_VAULT = realAddress === undefined ? 'a stand-in of Vault' : 'the Vault of BIR_TEST_VAULT_ADDR'

type Body = Record<string, unknown>

/** A Vault, and the means to set it up as an administrator does. What is made has a name that no other run uses. */
export async function aVault() {
  const standIn = realAddress === undefined ? await startVault() : undefined
  const address = standIn?.address ?? realAddress ?? ''
  const rootToken = standIn?.rootToken ?? realToken ?? ''

  async function ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, namespace }: { body?: Body; namespace?: string } = {},
  ): Promise<Body> {
    const headers = { 'x-vault-token': rootToken, ...(namespace !== undefined && { 'x-vault-namespace': namespace }) }
    const answer = await request(`${address}/v1/${path}`, { method, headers, body: body ? JSON.stringify(body) : null })
    const text = await answer.body.text()
    if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Body)
  }

  return {
    address,
    rootToken,
    standIn,
    ask,
    /** Mounts an engine. A real server takes a moment to make version 2 of one. */
    async mount(version: '1' | '2', namespace?: string): Promise<string> {
      const name = `bir-test-${uuidv7()}`
      await ask('POST', `sys/mounts/${name}`, { body: { type: 'kv', options: { version } }, ...(namespace !== undefined && { namespace }) })
      return name
    },
    /** A token of the policy file that we ship, for a mount. */
    async tokenOf(file: 'bir-control-plane' | 'bir-data-plane', mount: string, { ttl = '3600s', renewable = true } = {}): Promise<string> {
      const name = await addPolicy(ask, file, mount)
      const { auth } = await ask('POST', 'auth/token/create', { body: { policies: [name], ttl, renewable, no_default_policy: false } })
      return (auth as { client_token: string }).client_token
    },
    /** An AppRole with the policy of the control plane. */
    async appRole(mount: string, ttl = '3600s'): Promise<Extract<VaultAuth, { method: 'approle' }>> {
      const method = `bir-approle-${uuidv7()}`
      await ask('POST', `sys/auth/${method}`, { body: { type: 'approle' } })
      const policy = await addPolicy(ask, 'bir-control-plane', mount)
      await ask('POST', `auth/${method}/role/bir`, { body: { token_policies: [policy], token_ttl: ttl } })
      const { data: role } = await ask('GET', `auth/${method}/role/bir/role-id`)
      const { data: secret } = await ask('POST', `auth/${method}/role/bir/secret-id`, { body: {} })
      const { role_id: roleId } = role as { role_id: string }
      const { secret_id: text } = secret as { secret_id: string }
      return { method: 'approle', mount: method, roleId, secretId: { text } }
    },
    access: (
      mount: string,
      auth: VaultAuth = { method: 'token', token: { text: rootToken } },
      more: Partial<VaultAccess> = {},
    ): VaultAccess => ({
      address,
      namespace: undefined,
      mount,
      caFile: undefined,
      auth,
      ...more,
    }),
    [Symbol.asyncDispose]: async () => standIn?.[Symbol.asyncDispose](),
  }
}

export type TestVault = Awaited<ReturnType<typeof aVault>>

async function addPolicy(
  ask: (method: 'POST', path: string, options: { body: Body }) => Promise<Body>,
  file: string,
  mount: string,
): Promise<string> {
  const shipped = readFileSync(new URL(`../../../../../deploy/vault/${file}.hcl`, import.meta.url), 'utf8')
  const name = `${file}-${uuidv7()}`
  await ask('POST', `sys/policies/acl/${name}`, { body: { policy: shipped.replaceAll('"secret/', `"${mount}/`) } })
  return name
}
