import type { SessionSettings } from '@bir/sdk/contract/settings'
import type { Db } from '../policy-rows/types.ts'
import { slidLife } from './life.ts'
import type { SessionRow } from './life.ts'

/** Notes that the session is used now, which prolongs it. One that another replica ended meanwhile stays ended. */
export async function slideSession(
  db: Db,
  row: Pick<SessionRow, 'sid' | 'until'>,
  settings: SessionSettings,
  nowMs: number,
): Promise<void> {
  await db
    .updateTable('sessions')
    .set(slidLife(row, settings, nowMs))
    .where('sid', '=', row.sid)
    .where('ended_at', 'is', null)
    .execute()
}
