import type { Socket } from 'node:net'
import { ToolError } from '@bir/sdk/contract/errors'
import type { PoolClient } from 'pg'

/** Everything one call may receive from the database, including catalogue rows and the bytes of the protocol. */
const maxBytes = 5_000_000

/**
 * Counts the bytes as they arrive and closes the socket when they pass the cap. It cannot wait for rows: one value may
 * be a gigabyte, and the driver would hold all of it in memory before it returns the row.
 */
export function capBytes(client: PoolClient): { exceeded(): ToolError | undefined; stop(): void } {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  let bytes = 0
  let error: ToolError | undefined
  const countBytes = (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes || error) return
    error = new ToolError('too_large', `The answer is larger than ${maxBytes / 1_000_000} MB.`, {
      hint: 'Select fewer or shorter columns, or fewer rows.',
    })
    stream.destroy(error)
  }
  stream.on('data', countBytes)
  return { exceeded: () => error, stop: () => void stream.off('data', countBytes) }
}
