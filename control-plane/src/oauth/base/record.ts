import type { Db } from '@bir/db'
import type { ApiReason, OAuthReason } from '@bir/sdk/contract/audit-reasons'
import type { OwnChain } from '../../audit/own-chain.ts'
import { errorText } from '../../base/log.ts'
import type { Log } from '../../base/log.ts'

/** What happened at the authorization server, for the audit. */
interface OAuthEvent {
  /** The endpoint, such as `oauth/authorize`, or the operation of the API, such as `users.list`. */
  method: string
  outcome: 'answered' | 'refused' | 'failed'
  /** The id that a page or an error names. */
  id?: string
  reason?: OAuthReason | ApiReason
  detail?: string | undefined
  user?: { id: string; handle: string } | undefined
  client?: string | undefined
  address?: string | undefined
  userAgent?: string | undefined
  tokenId?: string | undefined
  sessionId?: string | undefined
}

/** Appends to the control plane's own chain. What is refused is recorded at most so often; see `createRecorder`. */
export type RecordOAuth = (event: OAuthEvent) => Promise<void>

/** Refusals of strangers that are recorded one by one within a second. More are counted, and told in one record. */
const maxRefusalsPerSecond = 50

/**
 * Records what happens at the authorization server. Anybody can be refused as often as they like, so a flood of
 * refusals becomes one record a second.
 */
export function createRecorder(db: Db, ownChain: Pick<OwnChain, 'record'>, log: Log): RecordOAuth {
  let second = 0
  let refusals = 0
  let uncounted = 0

  const append = (fields: Parameters<OwnChain['record']>[1]) => db.transaction().execute((trx) => ownChain.record(trx, fields))

  async function appendSum(): Promise<void> {
    if (uncounted === 0) return
    const count = uncounted
    uncounted = 0
    await append({ kind: 'refusals', method: 'oauth', outcome: 'refused', count })
  }

  return async function record({ id, user, client, address, userAgent, tokenId, sessionId, detail, reason, method, outcome }) {
    const nowSecond = Math.floor(Date.now() / 1000)
    if (nowSecond !== second) {
      second = nowSecond
      refusals = 0
      await appendSum()
    }
    if (outcome !== 'answered' && ++refusals > maxRefusalsPerSecond) {
      uncounted += 1
      return
    }
    const person = user && { subject: user.id, handle: user.handle }
    const fields = {
      kind: 'call' as const,
      method,
      outcome,
      ...person,
      ...present({ call: id, client, ip: address, userAgent, tokenId, sessionId, reason, detail }),
    }
    // A refusal that cannot be recorded is refused all the same. What is given is given only with its record.
    await append(fields).catch((error: unknown) => {
      if (outcome === 'answered') throw error
      log('error', 'refusal-unrecorded', { method, reason, why: errorText(error) })
    })
  }
}

/** Without the members that are undefined. */
const present = (fields: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
