import type { Socket } from 'node:net'
import { ToolError } from '@bir/sdk/contract/errors'
import type { PoolClient } from 'pg'

/** What one call may bring from the database, catalogue rows and protocol included. */
const maxBytes = 5_000_000

/**
 * Counts what arrives while it streams and hangs up beyond the cap: a single value may be a gigabyte, and the driver would
 * gather all of it before any row is seen.
 */
export function capBytes(client: PoolClient): { exceeded(): ToolError | undefined; stop(): void } {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  let bytes = 0
  let error: ToolError | undefined
  const count = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes || error) return
    error = new ToolError('too_large', `The answer is larger than ${maxBytes / 1_000_000} MB.`, {
      hint: 'Select fewer or shorter columns, or fewer rows.',
    })
    stream.destroy(error)
  }
  stream.on('data', count)
  return { exceeded: () => error, stop: () => void stream.off('data', count) }
}
