import type { Db } from '@bir/db'
import type { ApiReason, OAuthReason } from '@bir/sdk/contract/audit-reasons'
import { Refusals } from '@bir/sdk/refusals'
import type { About, RecordLimits } from '@bir/sdk/refusals'
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
  /** Whose session, token or code it is. Absent where somebody only says so. */
  user?: { id: string; handle: string } | undefined
  /** The client that asks, or that somebody says to be. */
  client?: string | undefined
  /** It has proved to be that client. */
  isClientProven?: boolean | undefined
  address?: string | undefined
  userAgent?: string | undefined
  tokenId?: string | undefined
  sessionId?: string | undefined
}

/**
 * Appends to the control plane's own chain. Refusals are recorded at most so often; see `createRecorder`. Resolves with
 * whether this event has a record of its own, which its id finds.
 */
export type RecordOAuth = (event: OAuthEvent) => Promise<boolean>

/**
 * A person with several tabs reads several pages in a second, and each names the id of its record. Each record is a
 * transaction on the one row of the chain, so nobody gets many, and all together leave the database to others.
 */
const limits: RecordLimits = {
  perBucket: 20,
  perHolder: { ordinary: 20, theft: 20 },
  together: { ordinary: 100, theft: 100 },
}

interface Recorder {
  record: RecordOAuth
  /** Writes what was only counted. Nothing may be recorded after it. */
  end: () => Promise<void>
}

/**
 * Records what happens at the authorization server. Anybody can be refused as often as they like, so refusals are
 * counted once there are too many in a second.
 */
export function createRecorder(db: Db, ownChain: Pick<OwnChain, 'record'>, log: Log): Recorder {
  const append = (fields: Parameters<OwnChain['record']>[1]) => db.transaction().execute((trx) => ownChain.record(trx, fields))
  const write: ConstructorParameters<typeof Refusals>[0] = async ({ about, ...sum }) => {
    try {
      await append({ kind: 'refusals', method: 'oauth', outcome: 'refused', ...about, ...sum })
    } catch (error) {
      log('warn', 'refusals-unrecorded', { ...sum, why: errorText(error) })
      throw error
    }
  }
  const refusals = new Refusals(write, { limits, atOnce: 1 })

  async function record(event: OAuthEvent): Promise<boolean> {
    const { id, user, client, address, userAgent, tokenId, sessionId, detail, reason, method, outcome } = event
    const person = user && { subject: user.id, handle: user.handle }
    const fields = {
      kind: 'call' as const,
      method,
      outcome,
      ...person,
      ...present({ call: id, client, ip: address, userAgent, tokenId, sessionId, reason, detail }),
    }
    // What is given is given only with its record.
    if (outcome === 'answered') return append(fields).then(() => true)
    const about = aboutOf(event)
    if (!refusals.admits(about)) return false
    try {
      await append(fields)
      return true
    } catch (error) {
      // A refusal that cannot be recorded is refused all the same, and counted for later.
      log('error', 'refusal-unrecorded', { method, reason, why: errorText(error) })
      refusals.count(about)
      return false
    }
  }

  async function end(): Promise<void> {
    await refusals.flush().catch((error: unknown) => log('error', 'refusals-lost', { count: refusals.waiting, why: errorText(error) }))
  }
  return { record, end }
}

/** What tells a refusal apart. A client that somebody only names makes nobody known. */
function aboutOf({ user, client, isClientProven = false, tokenId, sessionId, reason, method }: OAuthEvent): About {
  const isKnown = isClientProven || (user?.id ?? tokenId ?? sessionId) !== undefined
  return present({ method, reason, tokenId, sessionId, subject: user?.id, handle: user?.handle, client: isKnown ? client : undefined })
}

/** Without the members that are undefined. */
const present = <Name extends string>(fields: Record<Name, string | undefined>): { [N in Name]?: string } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [N in Name]?: string }
