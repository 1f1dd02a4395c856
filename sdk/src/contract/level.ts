import { z } from 'zod'

/** What a person may do on a server, from least to most. Every tool has the level that a call of it needs. */
export const Level = z.enum(['disabled', 'read', 'write', 'destroy'])
export type Level = z.infer<typeof Level>

const rank: Record<Level, number> = { disabled: 0, read: 1, write: 2, destroy: 3 }

/** Does the level `granted` allow a call that needs `needs`? `disabled` covers nothing, not even `disabled`. */
export const covers = (granted: Level, needs: Level): boolean => granted !== 'disabled' && rank[granted] >= rank[needs]

/** The lower of two levels. */
export const lower = (a: Level, b: Level): Level => (rank[a] <= rank[b] ? a : b)

/** The higher of two levels. */
export const higher = (a: Level, b: Level): Level => (rank[a] >= rank[b] ? a : b)
