import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Fields } from '../json/edit.ts'

/** Entries share objects, such as schemas, between persons. Each object is hashed only once. */
const digests = new WeakMap<object, string>()

/**
 * The hash of the part of a list that a person sees. When it changes, the person gets `list_changed`.
 * The order of the entries, or of the keys in an object, does not matter.
 */
export function viewHash(entries: Iterable<Fields>): string {
  const parts = [...entries].map((entry) => canonical(Object.fromEntries(Object.entries(entry).map(withDigest))))
  return sha256(parts.sort(byText).join('\n'))
}

function withDigest([key, value]: [string, unknown]): [string, unknown] {
  return [key, typeof value === 'object' && value !== null ? { sha256: digestOf(value) } : value]
}

function digestOf(value: object): string {
  const cachedDigest = digests.get(value)
  if (cachedDigest !== undefined) return cachedDigest
  const digest = sha256(canonical(value))
  digests.set(value, digest)
  return digest
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b))
