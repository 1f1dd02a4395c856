import type { Command } from 'commander'
import type { Client } from '../../client.ts'
import type { SecretHolderName } from '../../contract/secret-entities.ts'
import { badUsage } from '../base/fault.ts'
import type { Gateway } from '../base/gateway.ts'

/** Whose secret, as the options say. */
export interface HolderFlags {
  user?: string
  group?: string
  shared?: true
}

export const withHolderOptions = (command: Command): Command =>
  command
    .option('--user <person>', "this person's; for administrators. The operator of stage local has none of their own, and must name whose")
    .option('--group <group>', "this group's, for all its members; for administrators")
    .option('--shared', 'the one that all who may use the server share; for administrators')

/** Whose secret is meant, for the API. Throws `CliFault` for more than one, and for an operator who names nobody. */
export function holderOf({ user, group, shared }: HolderFlags, { actsBy }: Gateway): HolderFlags {
  const named = { ...(user !== undefined && { user }), ...(group !== undefined && { group }), ...(shared && { shared }) }
  const count = Object.keys(named).length
  if (count > 1) throw badUsage('A secret has one holder: name --user, --group or --shared.')
  if (count === 0 && actsBy === 'operator') throw badUsage('The operator has no secrets: say whose it is with --user, --group or --shared.')
  return named
}

/** Such as `the secret of bob`. */
export function wordsFor({ user, group, shared }: HolderFlags): string {
  if (shared) return 'the shared secret'
  if (group !== undefined) return `the secret of the group ${group}`
  return user === undefined ? 'your secret' : `the secret of ${user}`
}

/** A holder in a table. */
export const holderCell = ({ kind, handle }: SecretHolderName): string =>
  kind === 'person' ? (handle ?? '-') : kind === 'group' ? `group ${handle ?? '-'}` : 'shared'

export type SecretResult = Awaited<ReturnType<Client['secrets']['put']>>
