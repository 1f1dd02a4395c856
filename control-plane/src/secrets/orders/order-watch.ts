import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { errorText } from '../../base/log.ts'
import type { Log } from '../../base/log.ts'

export interface OrderWatch {
  /** The open orders of a plane. Waits for the first one until the signal is aborted; then there may be none. */
  ordersOf(plane: string, signal: AbortSignal): Promise<{ id: string; box: string }[]>
}

const lookEveryMs = 200

/** Knows for which planes there are orders: one query for all planes that wait, however many they are. */
export function watchOrders(db: Kysely<Database>, log: Log): OrderWatch {
  const waiting = new Map<string, Set<() => void>>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      const rows = await db.selectFrom('secret_check_orders').select('plane').distinct().where('verdict', 'is', null).execute()
      for (const { plane } of rows) for (const wake of waiting.get(plane) ?? []) wake()
    } catch (error) {
      log('warn', 'orders-unknown', { why: errorText(error) })
    } finally {
      isLooking = false
    }
  }

  function nextFor(plane: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wakers = waiting.get(plane) ?? new Set()
      waiting.set(plane, wakers)
      const wake = () => {
        signal.removeEventListener('abort', wake)
        wakers.delete(wake)
        if (wakers.size === 0) waiting.delete(plane)
        if (waiting.size === 0) {
          clearInterval(timer)
          timer = undefined
        }
        resolve()
      }
      wakers.add(wake)
      signal.addEventListener('abort', wake)
      timer ??= setInterval(() => void look(), lookEveryMs)
    })
  }

  return {
    async ordersOf(plane, signal) {
      const open = await giveOrders(db, plane)
      if (open.length > 0 || signal.aborted) return open
      await nextFor(plane, signal)
      return signal.aborted ? [] : giveOrders(db, plane)
    },
  }
}

/** Those that have no verdict yet, also what was given before: a plane knows which ones it has under way. */
const giveOrders = (db: Kysely<Database>, plane: string) =>
  db
    .updateTable('secret_check_orders')
    .set((eb) => ({ given: eb('given', '+', 1) }))
    .where('plane', '=', plane)
    .where('verdict', 'is', null)
    .returning(['id', 'box'])
    .execute()
