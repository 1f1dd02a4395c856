import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { Log } from '../base/log.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { openConsul } from './stores/consul/consul-client.ts'
import { consulSettingsOf } from './stores/consul/consul-settings.ts'
import type { ConsulGiven } from './stores/consul/consul-settings.ts'
import { createConsulStore } from './stores/consul/consul-store.ts'
import { vaultAccess } from '@bir/sdk/vault/settings'
import type { VaultGiven } from '@bir/sdk/vault/settings'
import { createEmbeddedStore } from './stores/embedded/embedded-store.ts'
import { withoutLeftBehind } from './stores/left-behind.ts'
import type { SecretStore } from './stores/store.ts'
import { createVaultStore } from './stores/vault/vault-store.ts'

export type StoreSettings = ConsulGiven & VaultGiven & { secretStore: SecretStore['kind'] }

interface StoreParts {
  db: Kysely<Database>
  master: MasterKey
  log: Log
}

/** The store of the settings. It asks nobody yet. */
export function openSecretStore(settings: StoreSettings, { db, master, log }: StoreParts): SecretStore {
  const embedded = createEmbeddedStore({ db, master })
  switch (settings.secretStore) {
    case 'embedded':
      return embedded
    case 'vault':
      return withoutLeftBehind(createVaultStore(vaultAccess(settings), log), embedded)
    case 'consul': {
      const consul = consulSettingsOf(settings)
      if (!consul) throw new Error('SECRET_STORE=consul needs CONSUL_HTTP_ADDR.')
      const store = createConsulStore({ kv: openConsul(consul), prefix: consul.prefix, db, master })
      return withoutLeftBehind(store, embedded)
    }
  }
}
