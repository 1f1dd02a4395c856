import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { Log } from '../base/log.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { createEmbeddedStore } from './stores/embedded/embedded-store.ts'
import type { SecretStore } from './stores/store.ts'

export interface StoreSettings {
  secretStore: 'embedded'
}

interface StoreParts {
  db: Kysely<Database>
  master: MasterKey
  log: Log
}

/** The store of the settings. It asks nobody yet. */
export function openSecretStore({ secretStore }: StoreSettings, { db, master }: StoreParts): SecretStore {
  switch (secretStore) {
    case 'embedded':
      return createEmbeddedStore({ db, master })
  }
}
