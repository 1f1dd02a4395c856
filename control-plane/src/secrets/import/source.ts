import type { VaultAccess } from '@bir/sdk/vault/settings'
import { ApiError } from '../../base/api-error.ts'
import type { Log } from '../../base/log.ts'
import { openConsul } from '../stores/consul/consul-client.ts'
import type { ConsulSettings } from '../stores/consul/consul-settings.ts'
import type { ImportSource } from '../stores/import-source.ts'
import { StoreFault } from '../stores/store.ts'
import { vaultSource } from './vault-source.ts'

/** The stores that the settings name, whichever this process uses itself. */
export interface SourceSettings {
  consul: ConsulSettings | undefined
  /** Undefined where no setting says where Vault is. Throws when the others are not whole. */
  vault: () => VaultAccess | undefined
  log: Log
}

/** Opens what `from` names: `vault:<path>` or `consul:<prefix>`. */
export function openSource(from: string, { consul, vault, log }: SourceSettings): ImportSource {
  const [, kind, where = ''] = /^(vault|consul):\/*(.*)$/.exec(from) ?? []
  if (kind === 'vault') {
    // An address with them would lead to another part of Vault's API, with our token.
    if (where.split('/').some((step) => step === '.' || step === '..'))
      throw new ApiError('invalid_input', 'from: a path of Vault has no steps . and ..')
    const access = vault()
    if (!access) throw new ApiError('unavailable', 'The control plane does not know where Vault is: set VAULT_ADDR there.')
    return telling(vaultSource(access, where.replace(/\/+$/, ''), log))
  }
  if (!consul) throw new ApiError('unavailable', 'The control plane does not know where Consul is: set CONSUL_HTTP_ADDR there.')
  return telling(consulSource(consul, where))
}

function consulSource(settings: ConsulSettings, prefix: string): ImportSource {
  const kv = openConsul(settings)
  return {
    // A folder has an empty key of its own.
    keys: async () => (await kv.keys(prefix)).filter((key) => !key.endsWith('/')).sort(),
    read: async (key) => (await kv.get(key))?.value.toString('utf8'),
    close: () => kv.close(),
  }
}

/** An administrator asked for it, and may know what is wrong with the store. */
function telling(source: ImportSource): ImportSource {
  const told = async <T>(work: () => Promise<T>) => {
    try {
      return await work()
    } catch (error) {
      throw error instanceof StoreFault ? new ApiError('unavailable', error.message) : error
    }
  }
  return { ...source, keys: () => told(source.keys), read: (key) => told(() => source.read(key)) }
}
