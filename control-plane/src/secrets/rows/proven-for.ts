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
  if (kind !== 'shared') return audience === need.audience
  const [declared, ...named] = audience.split('\n')
  return declared === need.audience && need.namedAudience.every((part) => named.includes(part) || !fields.includes(fieldOf(part)))
}

const fieldOf = (part: string) => part.slice(0, part.indexOf('@'))
