import { SecretRef } from '@bir/sdk/contract/secret-ref'
import { z } from 'zod'

const name = z.string().min(1).max(63)

/** Names a field of the secret that each person has for this server. */
const OfPerson = z.strictObject({ secret: SecretRef.shape.secret, of: z.literal('person') })

/**
 * One database. The gateway logs in with one role for everybody, or with a log-in of each person's own; the policy
 * decides what each person may read.
 */
export const ConnectionSettings = z.strictObject({
  kind: z.literal('postgres'),
  /** A host name, or the folder of a unix socket. */
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  database: name,
  /** A role with the right to read the tables that people need, and no other right. Never a superuser. */
  user: z.union([name, OfPerson], 'must be the name of a role, or { secret: <name>, of: person }'),
  password: SecretRef.optional(),
  /** The schema of table names that a statement writes without one. */
  schema: name.default('public'),
  tls: z.enum(['off', 'verify']).default('off'),
  description: z.string().max(300).optional(),
  /** Functions that statements may call beside those of the built-in list: `name` or `schema.name`. */
  functions: z.array(z.string().regex(/^[^.\s]+(\.[^.\s]+)?$/)).default([]),
  /** Asks the database for its plan before each query and compares the plan with the tables the guard resolved. */
  planCheck: z.boolean().default(true),
  maxRows: z.int().positive().max(1_000_000).optional(),
  timeoutMs: z.int().min(100).max(3_600_000).default(15_000),
})
export type ConnectionSettings = z.infer<typeof ConnectionSettings>

export const SqlSettings = z.strictObject({ connections: z.record(z.string().regex(/^[a-z0-9_-]{1,32}$/), ConnectionSettings) })
export type SqlSettings = z.infer<typeof SqlSettings>

/** Does each person log in with a secret of their own? */
export const isPersonal = ({ user, password }: Pick<ConnectionSettings, 'user' | 'password'>): boolean =>
  typeof user !== 'string' || password?.of === 'person'
