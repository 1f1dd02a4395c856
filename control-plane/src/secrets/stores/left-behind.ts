import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { SecretStore } from './store.ts'

/**
 * A store in whose place the embedded one was before. What the database still has of a secret goes when it is written
 * anew, and when it is deleted: who deletes a secret must be right to think that it is gone. The store does its part
 * first: where it does not, nothing is lost, for the database may be the store again.
 */
export const withoutLeftBehind = (store: SecretStore, embedded: Pick<SecretStore, 'delete'>): SecretStore => ({
  kind: store.kind,
  read: (place) => store.read(place),
  async write(place, fields, expected) {
    const version = await store.write(place, fields, expected)
    // The new value is there: a database that fails now is no reason to say that it is not.
    await embedded.delete(place).catch(() => undefined)
    return version
  },
  async delete(place, options) {
    await store.delete(place, options)
    await embedded.delete(place)
  },
  ...(store.deleteUnreadable && {
    deleteUnreadable: (holder: SecretPlace['holder']) => store.deleteUnreadable?.(holder) ?? Promise.resolve(),
  }),
  check: () => store.check(),
  close: () => store.close(),
})
