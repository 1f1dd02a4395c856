import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { markDirty } from './base/context.ts'
import type { Publisher } from './base/context.ts'
import type { KeyRing } from './keys/key-ring.ts'
import { errorText } from './base/log.ts'
import type { Log } from './base/log.ts'
import { deleteOldPersonalTokens } from './personal-tokens/used.ts'
import { sweepAttempts } from './oauth/attempts/attempts.ts'
import { sweepDocuments } from './oauth/clients/documents.ts'
import { sweepClients } from './oauth/clients/stored-client.ts'
import { sweepDeviceCodes } from './oauth/device/device-codes.ts'
import { sweepExchanged } from './sessions/exchanged.ts'
import { sweepSessions } from './sessions/sweep.ts'
import { finishErasures } from './secrets/erasures/erasures.ts'
import { sweepOrders } from './secrets/orders/prove-at-planes.ts'
import type { SecretStore } from './secrets/stores/store.ts'
import { sweepChunks } from './snapshots/publish.ts'
import { deleteExpired } from './tokens/used-once.ts'

interface MaintenanceParts {
  db: Kysely<Database>
  keys: KeyRing
  publisher: Publisher
  signHead: () => Promise<void>
  /** Logs its own failures. */
  renewJoinFile: () => Promise<void>
  store: SecretStore
  /** Tries secrets again that are due. */
  checkSecrets: () => Promise<void>
  log: Log
}

const intervalMs = 60_000
const roundsPerSweep = 10

/**
 * Does once a minute what time makes necessary: rotates keys, signs the own audit chain, renews the join line in its
 * file, deletes expired rows.
 */
export function startMaintenance(parts: MaintenanceParts): { stop: () => Promise<void> } {
  let round = 0
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    round += 1
    running = running.then(() => runRound(parts, round % roundsPerSweep === 0))
  }, intervalMs)

  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

async function runRound(
  { db, keys, publisher, signHead, renewJoinFile, store, checkSecrets, log }: MaintenanceParts,
  isSweepDue: boolean,
): Promise<void> {
  try {
    await signHead() // first, so that the chain is signed even if a later step fails
    const kidsBefore = kidsOf(keys)
    await keys.refresh()
    if (kidsOf(keys) !== kidsBefore) await db.transaction().execute((trx) => markDirty(trx, []))
    await publisher.publish()
    await renewJoinFile()
    await deleteExpired(db)
    await deleteOldPersonalTokens(db)
    await sweepClients(db)
    await sweepDocuments(db)
    await sweepAttempts(db)
    await sweepDeviceCodes(db)
    await sweepExchanged(db)
    await sweepSessions(db)
    await finishErasures(db, store, log)
    await sweepOrders(db)
    await checkSecrets()
    if (isSweepDue) await sweepChunks(db)
  } catch (error) {
    log('error', 'upkeep-failed', { why: errorText(error) })
  }
}

const kidsOf = (keys: KeyRing) =>
  keys
    .tokenKeys()
    .map(({ kid }) => kid)
    .join(' ')
