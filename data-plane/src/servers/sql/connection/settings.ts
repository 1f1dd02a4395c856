import { SecretRef } from '@bir/sdk/contract/secret-ref'
import { z } from 'zod'

const name = z.string().min(1).max(63)

/** One database, as the administrator describes it. Every person reads it by this one role, within what the policy lets them. */
export const Connection = z.strictObject({
  kind: z.literal('postgres'),
  /** A host name, or the folder of a unix socket. */
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(5432),
  database: name,
  /** A role that may read what it must and nothing else; never a superuser. */
  user: name,
  password: SecretRef.optional(),
  /** The schema of names without one. */
  schema: name.default('public'),
  tls: z.enum(['off', 'verify']).default('off'),
  description: z.string().max(300).optional(),
  /** Functions allowed beside the built-in list: `name` or `schema.name`. */
  functions: z.array(z.string().regex(/^[^.\s]+(\.[^.\s]+)?$/)).default([]),
  /** Asks the database for its plan and compares it with what the guard found. */
  planCheck: z.boolean().default(true),
  maxRows: z.int().positive().max(1_000_000).optional(),
  timeoutMs: z.int().min(100).max(3_600_000).default(15_000),
})
export type Connection = z.infer<typeof Connection>

export const SqlSettings = z.strictObject({ connections: z.record(z.string().regex(/^[a-z0-9_-]{1,32}$/), Connection) })
export type SqlSettings = z.infer<typeof SqlSettings>
