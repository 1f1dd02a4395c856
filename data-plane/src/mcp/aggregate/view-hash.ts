import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'

/** Entries are kept and shown to many: each is looked into once. */
const digests = new WeakMap<object, string>()

/** Names what a person sees of a list: `list_changed` is theirs to hear when it differs. The order a server lists in, or writes its keys in, is no change. */
export function viewHash(entries: Iterable<object>): string {
  return sha256([...entries].map(digestOf).sort(byText).join('\n'))
}

function digestOf(entry: object): string {
  const known = digests.get(entry)
  if (known !== undefined) return known
  const digest = sha256(canonical(entry))
  digests.set(entry, digest)
  return digest
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b))
