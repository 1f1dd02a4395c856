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

/** The long-poll: the newest manifest as soon as it is newer than what the plane has, else a word that nothing is. */
export async function serveSnapshot(
  { watch, key, log }: Parts,
  { plane, have, waitMs }: Poll,
  signal: AbortSignal,
): Promise<SnapshotAnswer> {
  // It may have heard of another replica's revision before this one has.
  if (have > (watch.current()?.revision ?? 0)) await watch.check()
  const atOnce = known(watch)
  if (have > atOnce.revision) {
    log('error', 'plane-is-ahead', { plane, have, revision: atOnce.revision })
    const says = `This plane has revision ${have}, but ${atOnce.revision} is the newest here: was the database set back?`
    throw new Refusal(409, 'ahead', says, { revision: atOnce.revision })
  }
  if (atOnce.revision === have) await within(waitMs, signal, (signal) => watch.newerThan(have, signal))

  const { revision, manifest, confirmedAtMs } = known(watch)
  return revision > have ? { manifest } : { fresh: await signFresh(key, { revision, atMs: confirmedAtMs }) }
}

function known(watch: RevisionWatch): Current {
  const current = watch.current()
  if (!current) throw new Refusal(503, 'unavailable', 'No policy has been published yet.')
  return current
}

async function within(ms: number, signal: AbortSignal, wait: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const ended = new AbortController()
  const end = () => ended.abort()
  const timer = setTimeout(end, ms)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  await wait(ended.signal)
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
}
