import type { Level } from './level.ts'
import type { Person, Policy } from './policy.ts'
import type { SecretHolder } from './secret-holder.ts'
import { SECRET_UNUSABLE, SECRET_USABLE } from './snapshot.ts'
import type { SecretEntry, ServerSecret } from './snapshot.ts'

/** The secret with which a call is made. */
export interface UsedSecret {
  readonly holder: SecretHolder
  readonly version: number
  /** The highest level of tools that it covers. */
  readonly level: Level
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number | undefined
}

/**
 * Why there is no secret to use: there is none; or it is not usable, for the reason of its state (`secret-state.ts`).
 * `unusable`: for a reason that this version does not know.
 */
export type SecretFault = 'missing' | 'unusable' | (typeof SECRET_UNUSABLE)[number]

/** How a person stands with the secret of a server. */
export type SecretStanding =
  | { readonly usable: true; readonly secret: UsedSecret }
  | { readonly usable: false; readonly why: SecretFault; readonly holder?: SecretHolder }

/**
 * The secret that a person's calls on a server are made with. Undefined: the server needs none of people. The first
 * holder in the server's order that has a secret decides, also when that secret is not usable: nobody acts as somebody
 * else because their own secret expired. Pure: the time is asked with.
 */
export function secretFor(policy: Policy, person: Person, server: string, nowMs: number): SecretStanding | undefined {
  const secret = policy.servers.get(server)?.secret
  if (!secret?.order) return undefined
  for (const kind of secret.order) {
    const held = heldBy(kind, secret, person, server)
    if (held === 'unknown') return { usable: false, why: 'unusable' }
    if (held) return standingOf(held.entry, held.holder, nowMs)
  }
  return missing
}

/** The secret that all who may use a server share; undefined where there is none. */
export function sharedSecret(policy: Policy, server: string, nowMs: number): SecretStanding | undefined {
  const shared = policy.servers.get(server)?.secret?.shared
  return shared && standingOf(shared, bySharing, nowMs)
}

/**
 * Which secrets a person has, as far as lists differ by them: per server that needs one, the level that theirs covers,
 * or nothing where it is not usable. People with equal texts may list the same.
 */
export function secretSetOf(policy: Policy, person: Person, nowMs: number): string {
  let set = ''
  for (const server of serversThatNeedOne(policy)) {
    const standing = secretFor(policy, person, server, nowMs)
    set += `${standing?.usable ? standing.secret.level : ''},`
  }
  return set
}

/** Every policy with the same servers shares one list. */
const needing = new WeakMap<Policy['servers'], readonly string[]>()

function serversThatNeedOne({ servers }: Policy): readonly string[] {
  const known = needing.get(servers)
  if (known) return known
  const found = [...servers].filter(([, { secret }]) => secret?.order).map(([id]) => id)
  needing.set(servers, found)
  return found
}

/** When the first secret that a person uses expires, in milliseconds since 1970; Infinity when none will. */
export function nextSecretExpiryMs(policy: Policy, person: Person, nowMs: number): number {
  let nextMs = Infinity
  for (const server of serversThatNeedOne(policy)) {
    const standing = secretFor(policy, person, server, nowMs)
    if (standing?.usable) nextMs = Math.min(nextMs, standing.secret.expiresAtMs ?? Infinity)
  }
  return nextMs
}

const missing: SecretStanding = { usable: false, why: 'missing' }
const bySharing: SecretHolder = { kind: 'shared' }

interface Held {
  readonly entry: SecretEntry
  readonly holder: SecretHolder
}

function heldBy(kind: string, { shared, groups }: ServerSecret, person: Person, server: string): Held | 'unknown' | undefined {
  switch (kind) {
    case 'person': {
      const own = person.secretOf(server)
      return own && { entry: own, holder: { kind: 'person', id: person.id } }
    }
    case 'group':
      return groups && ofGroup(groups, person)
    case 'shared':
      return shared && { entry: shared, holder: bySharing }
    default:
      return 'unknown'
  }
}

/** Of several groups with a secret, the first by its handle. */
function ofGroup(groups: NonNullable<ServerSecret['groups']>, person: Person): Held | undefined {
  const handle = person.groups.toSorted().find((group) => Object.hasOwn(groups, group))
  const entry = handle === undefined ? undefined : groups[handle]
  return entry && { entry, holder: { kind: 'group', id: entry.id } }
}

function standingOf({ version, state, level = 'destroy', expiresAtMs }: SecretEntry, holder: SecretHolder, nowMs: number): SecretStanding {
  if (state !== SECRET_USABLE) return { usable: false, why: SECRET_UNUSABLE[state - 1] ?? 'unusable', holder }
  if (expiresAtMs !== undefined && nowMs >= expiresAtMs) return { usable: false, why: 'expired', holder }
  return { usable: true, secret: { holder, version, level, expiresAtMs } }
}
