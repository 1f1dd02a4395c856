import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { ToolDefinition } from '../../contract/entities.ts'

type Tool = z.infer<typeof ToolDefinition>

/** Does the tool wait for somebody to look at it? */
export const isWaiting = ({ state }: Tool): boolean => state === 'held' || state === 'unreviewed'

/**
 * One short hash for all tools that wait. It is made of their own short hashes, which a server cannot foresee, so that
 * no server can make two lists that share it.
 */
export function hashOfAll(waiting: readonly Tool[]): string {
  const lines = waiting.map(({ name, shortHash }) => `${name} ${shortHash}`)
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex').slice(0, 10)
}
