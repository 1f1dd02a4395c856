import { z } from 'zod'
import { AuditRow, Instant } from './entities.ts'
import { Level } from './level.ts'
import { ServerId } from './names.ts'
import { page, paged, query } from './operation.ts'
import { Outcome } from './audit.ts'

const NoInput = z.strictObject({})

/** A tool of a server that the caller may use, as it stands for them now. */
export const OwnTool = z.strictObject({
  name: z.string(),
  /** What it does, where the gateway knows that without asking the server. */
  description: z.string().nullable(),
  /** The level that a call needs. */
  level: Level,
  allowed: z.boolean(),
  /** Why it is not allowed: a word of the closed list. Null where it is. */
  reason: z.string().nullable(),
  /** False: no grant of theirs opens it, whatever they select. */
  granted: z.boolean(),
  /** The caller has switched it off. */
  off: z.boolean(),
})

/** How the caller stands with the secret that a server needs of people. */
export const OwnSecret = z.strictObject({
  usable: z.boolean(),
  /** Why it is not usable, such as `missing` or `expired`. Null where it is. */
  why: z.string().nullable(),
  /** The highest level of tools that it covers. */
  level: Level.nullable(),
})

/** A server on which a grant reaches the caller. */
export const OwnServer = z.strictObject({
  id: ServerId,
  title: z.string(),
  kind: z.enum(['mounted', 'remote']),
  /** An administrator has switched it off for everybody. */
  killed: z.boolean(),
  /** The highest level that the grants of the caller allow. */
  ceiling: Level,
  /** The level at which they may use it now: the ceiling, or what they selected below it. */
  level: Level,
  /** What they selected below the ceiling. Null: nothing. */
  selected: Level.nullable(),
  /** Null where the server needs no secret of people. */
  secret: OwnSecret.nullable(),
  tools: z.array(OwnTool),
})
export type OwnServer = z.infer<typeof OwnServer>

/** A client by which the caller has used the gateway. */
export const OwnClient = z.strictObject({
  /** The id of the OAuth client, or `personal-token`. */
  client: z.string(),
  /** Its name, where the gateway knows one. */
  name: z.string().nullable(),
  /** The last request of it within the last 31 days. */
  lastAt: Instant,
})

/** What people see of themselves. For people and service accounts; the operator of a machine has none of this. */
export const own = {
  /** The servers that the caller may use or could after a change of their own, by title, with every tool. */
  servers: query('anyone', NoInput, z.strictObject({ items: z.array(OwnServer) })),
  /** The caller's own records, newest first. `since` is inclusive, `until` exclusive and later. */
  activity: query(
    'anyone',
    z.strictObject({
      ...page,
      server: z.string().optional(),
      tool: z.string().optional(),
      outcome: Outcome.optional(),
      since: Instant.optional(),
      until: Instant.optional(),
    }),
    paged(AuditRow),
  ),
  /** The clients by which the caller made requests in the last 31 days, the last one first; at most 50. */
  clients: query('anyone', z.strictObject({ since: Instant.optional() }), z.strictObject({ items: z.array(OwnClient) })),
} as const
