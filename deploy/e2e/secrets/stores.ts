import { aConsul, noConsul } from '@bir/control-plane/testing/consul'
import { aVault, TESTED_VAULT } from '@bir/control-plane/testing/vault'

interface TestStore extends AsyncDisposable {
  /** What `npm start` is given for it. */
  env: Record<string, string>
}

/** Every store of secrets: embedded; Vault, or its stand-in; Consul, where there is one. */
export const stores: { name: string; skip?: string | undefined; open(): Promise<TestStore> }[] = [
  { name: 'embedded', open: async () => ({ env: {}, [Symbol.asyncDispose]: async () => undefined }) },
  {
    name: TESTED_VAULT,
    async open() {
      const vault = await aVault()
      const mount = await vault.mount('2')
      const env = {
        SECRET_STORE: 'vault',
        VAULT_ADDR: vault.address,
        VAULT_MOUNT: mount,
        VAULT_TOKEN: await vault.tokenOf('bir-control-plane', mount),
        PLANE_VAULT_ADDR: vault.address,
        PLANE_VAULT_MOUNT: mount,
        PLANE_VAULT_TOKEN: await vault.tokenOf('bir-data-plane', mount),
      }
      return { env, [Symbol.asyncDispose]: () => vault[Symbol.asyncDispose]() }
    },
  },
  {
    name: 'Consul',
    skip: noConsul,
    async open() {
      const consul = await aConsul()
      const env = {
        SECRET_STORE: 'consul',
        CONSUL_HTTP_ADDR: consul.address,
        CONSUL_PREFIX: `bir-show-${process.pid}/`,
        ...(consul.token !== undefined && { CONSUL_HTTP_TOKEN: consul.token }),
      }
      return { env, [Symbol.asyncDispose]: () => consul[Symbol.asyncDispose]() }
    },
  },
]
