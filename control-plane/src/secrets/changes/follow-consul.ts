import { setTimeout as wait } from 'node:timers/promises'
import type { Ctx } from '../../base/context.ts'
import type { Log } from '../../base/log.ts'
import { applyVerdict } from '../operations/apply-verdict.ts'
import { openConsul } from '../stores/consul/consul-client.ts'
import type { ConsulSettings } from '../stores/consul/consul-settings.ts'
import { checkSoon, findBeside, GONE, stillBeside } from './find-changes.ts'
import type { Beside } from './find-changes.ts'
import { watchChanges } from './watch-changes.ts'
import type { ChangeWatch } from './watch-changes.ts'

interface FollowParts {
  consul: ConsulSettings
  ctx: Ctx
  log: Log
  /** How long a change of our own may take from Consul to the database. */
  settleMs?: number
}

/**
 * Notices what somebody changes in Consul beside the gateway: a secret with another value is checked again soon, one
 * that is gone becomes invalid.
 */
export function followConsul({ consul, ctx, log, settleMs = 2_000 }: FollowParts): ChangeWatch {
  const kv = openConsul(consul)
  const { prefix } = consul
  const parts = { kv, prefix, db: ctx.db }

  async function look(signal: AbortSignal): Promise<void> {
    const found: Beside[] = []
    for await (const one of findBeside(parts)) {
      if (signal.aborted) return
      found.push(one)
    }
    if (found.length === 0) return
    await wait(settleMs, undefined, { signal })
    for (const { row } of found) {
      signal.throwIfAborted()
      const still = await stillBeside(parts, row)
      if (!still) continue
      log('warn', 'secret-changed-beside', { holder: `${row.holder_kind}/${row.holder_id}`, server: row.server, is: still.is })
      if (still.is === 'removed') await applyVerdict(ctx, still.row, GONE)
      else await checkSoon(ctx.db, still)
    }
  }

  const watch = watchChanges({ kv, prefix, look, log })
  return {
    async stop() {
      await watch.stop()
      kv.close()
    },
  }
}
