import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@bir/sdk'

const pageSize = 1_000
const maxShippingMs = 60_000
const pollMs = 1_000

/** The trace ids of answered requests for which no data plane has an audit record. Waits until all are shipped. */
export async function lostRecords(client: Client, answered: readonly string[]): Promise<string[]> {
  const missing = new Set(answered)
  const readUpTo = new Map<string, number>()
  for (const endMs = performance.now() + maxShippingMs; ; await wait(pollMs)) {
    const { items } = await client.audit.chains()
    for (const { plane } of items) readUpTo.set(plane, await strikeOff(client, plane, readUpTo.get(plane) ?? 0, missing))
    if (missing.size === 0 || performance.now() > endMs) return [...missing]
  }
}

/** Takes the traces of a chain's records out of `missing`. Resolves with the number of the last record. */
async function strikeOff(client: Client, plane: string, afterSeq: number, missing: Set<string>): Promise<number> {
  for (let seq = afterSeq; ;) {
    const { records } = await client.audit.chain({ plane, afterSeq: seq, first: pageSize })
    for (const { header } of records) {
      missing.delete(header.traceId ?? '')
      seq = header.seq
    }
    if (records.length < pageSize) return seq
  }
}
