import type { MountedServer } from '@bir/data-plane/catalog'
import { SECRET_UNUSABLE, SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import type { SecretEntry, ServerSecret } from '@bir/sdk/contract/snapshot'
import type { SecretFacts, ServerRow } from '../policy-rows/types.ts'
import { secretNeedOf } from '../secrets/need.ts'

/** A state that no plane knows: not usable. */
const unknownState = 255

/** What planes must know of a secret. A secret that was proven for another address is not usable. */
export function secretEntry(facts: SecretFacts): SecretEntry {
  const { version, state, level, expiresAtMs } = facts
  return { version, state: stateCode(state), ...(level !== null && { level }), ...(expiresAtMs !== null && { expiresAtMs }) }
}

function stateCode(state: string): number {
  if (state === 'ok' || state === 'unchecked') return SECRET_USABLE
  const index = SECRET_UNUSABLE.findIndex((known) => known === state)
  return index < 0 ? unknownState : index + 1
}

/** The secrets of a server but those of people. Undefined where it needs none and has none. */
export function serverSecret(
  row: ServerRow,
  mounted: MountedServer | undefined,
  secrets: readonly SecretFacts[],
  groupHandles: ReadonlyMap<string, string>,
): ServerSecret | undefined {
  const { order } = secretNeedOf(row, mounted)
  const ofServer = secrets.filter(({ server }) => server === row.id)
  const shared = ofServer.find(({ kind }) => kind === 'shared')
  const groups = ofServer.flatMap((facts) => {
    const handle = facts.kind === 'group' ? groupHandles.get(facts.holderId) : undefined
    return handle === undefined ? [] : [[handle, { ...secretEntry(facts), id: facts.holderId }] as const]
  })
  if (order.length === 0 && !shared && groups.length === 0) return undefined
  return {
    ...(order.length > 0 && { order: [...order] }),
    ...(shared && { shared: secretEntry(shared) }),
    ...(groups.length > 0 && { groups: Object.fromEntries(groups) }),
  }
}
