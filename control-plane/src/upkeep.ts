import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { markDirty } from './base/context.ts'
import type { Publisher } from './base/context.ts'
import type { KeyRing } from './keys/key-ring.ts'
import { wordsOf } from './base/log.ts'
import type { Log } from './base/log.ts'
import { sweepChunks } from './snapshots/publish.ts'
import { forgetUsed } from './tokens/used-once.ts'

interface UpkeepParts {
  db: Kysely<Database>
  keys: KeyRing
  publisher: Publisher
  signHead: () => Promise<void>
  log: Log
}

const everyMs = 60_000
const sweepEvery = 10

/** What falls due with time: keys turn, the own chain is signed, what nobody needs any more goes. */
export function startMaintenance(parts: UpkeepParts): { stop: () => Promise<void> } {
  let round = 0
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    round += 1
    running = running.then(() => tend(parts, round % sweepEvery === 0))
  }, everyMs)

  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

async function tend({ db, keys, publisher, signHead, log }: UpkeepParts, sweeping: boolean): Promise<void> {
  try {
    await signHead() // first: whatever else fails, the chain does not go unsigned
    const before = kidsOf(keys)
    await keys.refresh()
    if (kidsOf(keys) !== before) await db.transaction().execute((trx) => markDirty(trx, []))
    await publisher.publish()
    await forgetUsed(db)
    if (sweeping) await sweepChunks(db)
  } catch (error) {
    log('error', 'upkeep-failed', { why: wordsOf(error) })
  }
}

const kidsOf = (keys: KeyRing) =>
  keys
    .tokenKeys()
    .map(({ kid }) => kid)
    .join(' ')
