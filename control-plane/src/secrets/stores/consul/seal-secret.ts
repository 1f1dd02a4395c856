import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { MasterKey } from '../../../keys/master-key.ts'
import { StoreFault } from '../store.ts'
import type { SealedSecret } from './holder-document.ts'

/**
 * Seals each value for its place (AES-256-GCM): the path, the version and the names of all fields are authenticated.
 * Nobody can move a value to another field, server or person, give an old one back under a new version, or leave a
 * field away.
 */
export function sealSecret(key: MasterKey, path: string, version: number, fields: SecretFields): SealedSecret {
  const names = Object.keys(fields)
  const seal = ([name, value]: [string, string]) => [
    name,
    key.wrap(placeOf(path, version, names, name), Buffer.from(value)).toString('base64url'),
  ]
  return { version, fields: Object.fromEntries(Object.entries(fields).map(seal)) as Record<string, string> }
}

/** Throws `malformed` when it was sealed for another place, or with another key. */
export function openSecret(key: MasterKey, path: string, { version, fields }: SealedSecret): SecretFields {
  const names = Object.keys(fields)
  const open = ([name, sealed]: [string, string]) => [
    name,
    key.unwrap(placeOf(path, version, names, name), Buffer.from(sealed, 'base64url')).toString('utf8'),
  ]
  try {
    return Object.fromEntries(Object.entries(fields).map(open)) as Record<string, string>
  } catch {
    throw new StoreFault('malformed', `The secret ${path} in Consul was not sealed by this gateway for this place. Put it again.`, {
      unreadable: { storeVersion: String(version) },
    })
  }
}

const placeOf = (path: string, version: number, names: readonly string[], name: string) =>
  `consul ${JSON.stringify([path, version, [...names].sort(), name])}`
