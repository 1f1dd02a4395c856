import type { SnapshotAnswer } from '@bir/sdk/contract/snapshot'
import { Refusal } from '../base/http.ts'
import type { SigningKey } from '../keys/key-rows.ts'
import type { Log } from '../base/log.ts'
import { signFresh } from './publish-manifest.ts'
import type { Current, RevisionWatch } from './serve-watch.ts'

interface Poll {
  plane: string
  have: number
  waitMs: number
}

interface Parts {
  watch: RevisionWatch
  key: SigningKey
  log: Log
}

/**
 * Answers a long-poll. Resolves with the newest manifest as soon as it is newer than the plane's revision `have`.
 * After `waitMs` it resolves with a signed statement that there is no newer revision.
 */
export async function serveSnapshot(
  { watch, key, log }: Parts,
  { plane, have, waitMs }: Poll,
  signal: AbortSignal,
): Promise<SnapshotAnswer> {
  // The plane may know a revision that another replica published, and that this replica has not read yet.
  if (have > (watch.current()?.revision ?? 0)) await watch.check()
  const newest = currentRevision(watch)
  if (have > newest.revision) {
    log('error', 'plane-is-ahead', { plane, have, revision: newest.revision })
    const message = `This plane has revision ${have}, but ${newest.revision} is the newest here: was the database set back?`
    throw new Refusal(409, 'ahead', message, { revision: newest.revision })
  }
  if (newest.revision === have) await withTimeout(waitMs, signal, (signal) => watch.newerThan(have, signal))

  const { revision, manifest, confirmedAtMs } = currentRevision(watch)
  return revision > have ? { manifest } : { fresh: await signFresh(key, { revision, atMs: confirmedAtMs }) }
}

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
