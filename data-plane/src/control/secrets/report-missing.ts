import { SecretMissingAnswer } from '@bir/sdk/contract/secret-messages'
import type { SecretReadRequest } from '@bir/sdk/contract/secret-messages'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import { LRUCache } from 'lru-cache'
import type { Log } from '../../runtime/log.ts'
import { ControlError } from '../client.ts'
import type { ControlClient } from '../client.ts'

const timeoutMs = 5_000
/** An answer is good for so long: by then a newer policy says it. */
const goneForMs = 60_000
/** The value may be on its way to the store, or the control plane may be away: it is asked again soon. */
const otherwiseForMs = 2_000
const maxRemembered = 10_000

/** Whether the store has no value for a secret, and not merely another version than the policy of now. */
export type IsGone = (place: SecretPlace, version: number) => Promise<boolean>

/**
 * Tells the control plane that a store had no value for a secret. It looks in the store itself, and what it finds
 * changes the policy: then the tools of that secret go. It is asked once at a time for each secret.
 */
export function missingReporter({ control, log }: { control: Pick<ControlClient, 'post'>; log: Log }): IsGone {
  const answers = new LRUCache<string, Promise<boolean>>({ max: maxRemembered, ttl: goneForMs })

  return function isGone(place, version) {
    const key = `${secretPath(place)} ${version}`
    const known = answers.get(key)
    if (known) return known
    const answer = ask(control, { server: place.server, holder: place.holder, version }).catch((error: unknown) => {
      // A control plane of an earlier version does not look.
      const isUnknown = error instanceof ControlError && error.status === 404
      if (!isUnknown)
        log('warn', 'the control plane could not be told of a secret without a value', { server: place.server, why: String(error) })
      return false
    })
    answers.set(key, answer)
    return answer.then((gone) => {
      if (!gone) answers.set(key, answer, { ttl: otherwiseForMs })
      return gone
    })
  }
}

async function ask(control: Pick<ControlClient, 'post'>, asked: SecretReadRequest): Promise<boolean> {
  const { bytes } = await control.post('/secrets/missing', JSON.stringify(asked), undefined, AbortSignal.timeout(timeoutMs))
  return SecretMissingAnswer.parse(JSON.parse(bytes.toString('utf8'))).gone
}
