import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdictReport } from '@bir/sdk/contract/secret-messages'
import { isJudged } from '@bir/sdk/contract/secret-verdict'
import { LRUCache } from 'lru-cache'
import type { Log } from '../../runtime/log.ts'
import type { ControlClient } from '../client.ts'
import { proveHere } from './prove-here.ts'
import type { ProvingParts } from './prove-here.ts'

/** A secret is tried again after refused calls at most so often. */
const everyMs = 60_000
const maxRemembered = 10_000

export interface RefusedSecret {
  readonly place: SecretPlace
  readonly version: number
  readonly fields: SecretFields
  /** The settings of its server. */
  readonly settings: object
}

interface Options extends ProvingParts {
  control: Pick<ControlClient, 'post'>
  log: Log
}

/**
 * Tries secrets that a service refused in a call, and tells the control plane what the service says of them: then their
 * tools go. One secret is tried once at a time, and once in a minute.
 */
export function secretRechecker({ control, log, ...parts }: Options): (refused: RefusedSecret) => Promise<void> {
  const recently = new LRUCache<string, true>({ max: maxRemembered, ttl: everyMs })

  return async function recheck({ place, version, fields, settings }) {
    const key = `${secretPath(place)} ${version}`
    if (recently.has(key)) return
    recently.set(key, true)
    const { server, holder } = place
    const verdict = await proveHere(parts, { server, settings, fields })
    if (!isJudged(verdict.verdict)) return log('warn', 'a refused secret could not be tried', { server, verdict: verdict.verdict })
    const report: SecretVerdictReport = { server, holder, version, verdict }
    await control.post('/secrets/verdict', JSON.stringify(report)).catch((error: unknown) => {
      recently.delete(key)
      log('warn', 'the control plane could not be told of a refused secret', { server, why: String(error) })
    })
  }
}
