import type { SecretHolderKind } from '@bir/sdk/contract/secret-holder'
import type { SecretNeed } from '../need.ts'
import type { SecretRow } from './rows.ts'

/**
 * The addresses for which a secret of this kind of holder is proven. Only a shared one has fields that settings name:
 * a line each follows.
 */
export const audienceFor = ({ audience, namedAudience }: SecretNeed, kind: SecretHolderKind): string =>
  kind === 'shared' ? [audience, ...namedAudience].join('\n') : audience

/**
 * Whether a secret was proven for where it would be sent now. A field that settings name may be sent to fewer addresses
 * than then, and to no other.
 */
export function isProvenFor(
  { holder_kind: kind, audience, fields }: Pick<SecretRow, 'holder_kind' | 'audience' | 'fields'>,
  need: SecretNeed,
): boolean {
  if (kind !== 'shared') return isSame(audience, need.audience)
  const [declared, ...named] = audience.split('\n')
  return (
    isSame(declared ?? '', need.audience) && need.namedAudience.every((part) => named.includes(part) || !fields.includes(fieldOf(part)))
  )
}

const fieldOf = (part: string) => part.slice(0, part.indexOf('@'))

/** What was written down when paths and proxies did not count yet is good for all of its origins. */
const isSame = (audience: string, now: string) => audience === now || (!saysPaths(audience) && audience === originsIn(now))

/** Whether paths count in it. Audiences of before name origins alone, which end without a slash. */
export const saysPaths = (audience: string): boolean => /https?:\/\/[^/\s]*\//.test(audience)

/** An audience as it was written down before paths and proxies counted. */
export function originsIn(audience: string): string {
  const addresses = audience.split(' ').filter((part) => !part.startsWith('proxy='))
  return [...new Set(addresses.map((part) => (/^https?:/.test(part) ? (URL.parse(part)?.origin ?? part) : part)))].sort().join(' ')
}
