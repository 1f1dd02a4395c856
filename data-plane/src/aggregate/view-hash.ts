import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Fields } from '../json/edit.ts'

/** What entries hold is kept and shown to many: each object is looked into once, however it is wrapped. */
const digests = new WeakMap<object, string>()

/** Names what a person sees of a list: `list_changed` is theirs to hear when it differs. The order a server lists in, or writes its keys in, is no change. */
export function viewHash(entries: Iterable<Fields>): string {
  const parts = [...entries].map((entry) => canonical(Object.fromEntries(Object.entries(entry).map(digested))))
  return sha256(parts.sort(byText).join('\n'))
}

function digested([key, value]: [string, unknown]): [string, unknown] {
  return [key, typeof value === 'object' && value !== null ? { sha256: digestOf(value) } : value]
}

function digestOf(value: object): string {
  const known = digests.get(value)
  if (known !== undefined) return known
  const digest = sha256(canonical(value))
  digests.set(value, digest)
  return digest
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b))
