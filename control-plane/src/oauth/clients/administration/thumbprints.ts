import { calculateJwkThumbprint } from 'jose'
import { clientOfRow } from '../stored-client.ts'
import type { ClientRow } from '../stored-client.ts'

/** The thumbprints (RFC 7638) of the keys that are stored of a client. */
export function thumbprintsOf(row: ClientRow): Promise<string[]> {
  const { jwks } = clientOfRow(row)
  // A key of a form that this version does not know has none.
  return Promise.all((jwks?.keys ?? []).map((key) => calculateJwkThumbprint(key).catch(() => 'unknown')))
}
