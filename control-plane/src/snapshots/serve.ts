import type { SnapshotAnswer } from '@bir/sdk/contract/snapshot'
import { Refusal } from '../base/http.ts'
import type { SigningKey } from '../keys/key-rows.ts'
import type { Log } from '../base/log.ts'
import { judgeClaim } from '../plane-state/claim.ts'
import type { Claim } from '../plane-state/claim.ts'
import type { Evidence } from './history.ts'
import { signFresh } from './publish-manifest.ts'
import type { Current, RevisionWatch } from './serve-watch.ts'

interface Poll {
  plane: string
  claim: Claim
  waitMs: number
}

interface Parts {
  watch: RevisionWatch
  key: SigningKey
  /** Publishes above what a plane has. Resolves with false when this plane made it publish just now. */
  publishAbove: (evidence: Evidence) => Promise<boolean>
  log: Log
}

/**
 * Answers a long-poll. Resolves with the newest manifest as soon as it is newer than what the plane holds. After
 * `waitMs` it resolves with a signed statement that there is no newer revision. A plane that holds what this database
 * does not have gets a new revision above it.
 */
export async function serveSnapshot(parts: Parts, { plane, claim, waitMs }: Poll, signal: AbortSignal): Promise<SnapshotAnswer> {
  const { watch, key } = parts
  const newest = await newestFor(parts, plane, claim)
  const have = claim.revision
  if (newest.revision === have) await withTimeout(waitMs, signal, (signal) => watch.newerThan(have, signal))

  const { revision, history, manifest, confirmedAtMs } = currentRevision(watch)
  return revision > have ? { manifest } : { fresh: await signFresh(key, { revision, atMs: confirmedAtMs }, history) }
}

async function newestFor({ watch, publishAbove, log }: Parts, plane: string, claim: Claim): Promise<Current> {
  // The plane may know a revision that another replica published, and that this replica has not read yet.
  if (claim.revision > (watch.current()?.revision ?? 0)) await watch.check()
  const newest = currentRevision(watch)
  const verdict = judgeClaim(claim, newest)
  if (verdict === 'current') return newest
  if (verdict === 'set back' && (await publishAbove({ revision: claim.revision, plane, why: 'a plane has more' }))) {
    await watch.check()
    const renewed = currentRevision(watch)
    if (renewed.revision > claim.revision) return renewed
  }
  log('error', 'plane-is-ahead', { plane, have: claim.revision, revision: newest.revision, verdict })
  throw new Refusal(409, 'ahead', aheadText(claim, newest, verdict), { revision: newest.revision })
}

const aheadText = ({ revision }: Claim, newest: Current, verdict: string) =>
  verdict === 'absurd'
    ? `This plane says that it has revision ${revision}, and no policy with a number near that was published: ${newest.revision} is the newest.`
    : `This plane has a policy that is not in the database: revision ${revision}. A higher one is published in a moment.`

function currentRevision(watch: RevisionWatch): Current {
  const current = watch.current()
  if (!current) throw new Refusal(503, 'unavailable', 'No policy has been published yet.')
  return current
}

async function withTimeout(ms: number, signal: AbortSignal, wait: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const aborter = new AbortController()
  const end = () => aborter.abort()
  const timer = setTimeout(end, ms)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  await wait(aborter.signal)
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
}
