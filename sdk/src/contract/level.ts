import { z } from 'zod'

/** What a person may do on a server, from least to most. A tool declares the level it needs. */
export const Level = z.enum(['disabled', 'read', 'write', 'destroy'])
export type Level = z.infer<typeof Level>

const rank: Record<Level, number> = { disabled: 0, read: 1, write: 2, destroy: 3 }

/** Does holding `have` allow what asks for `needs`? `disabled` covers nothing, not even itself. */
export const covers = (have: Level, needs: Level): boolean => have !== 'disabled' && rank[have] >= rank[needs]

export const lower = (a: Level, b: Level): Level => (rank[a] <= rank[b] ? a : b)

export const higher = (a: Level, b: Level): Level => (rank[a] >= rank[b] ? a : b)
