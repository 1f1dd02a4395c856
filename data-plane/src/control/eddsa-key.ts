import { importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'

type ImportedKey = CryptoKey | Uint8Array

const importedKeys = new WeakMap<JWK, Promise<ImportedKey>>()

/** An Ed25519 key for jose. Each JWK object is imported only once. Rejects when the JWK is no such key. */
export function eddsaKey(jwk: JWK): Promise<ImportedKey> {
  const key = importedKeys.get(jwk) ?? importJWK(jwk, 'EdDSA')
  importedKeys.set(jwk, key)
  return key
}
