import { z } from 'zod'
import { Level } from './level.ts'
import { Handle, ServerId } from './names.ts'

/**
 * Where secrets are taken over from: `vault:<mount>/<path>`, a folder of entries or one entry; `consul:<prefix>`, keys
 * that begin so. Read with the settings VAULT_… or CONSUL_… of the control plane, whichever store it uses itself.
 */
export const ImportFrom = z
  .string()
  .regex(/^(vault|consul):[^\s?#%]{1,500}$/, 'must be vault:<path> or consul:<prefix>, such as vault:secret/mcp or consul:mcp/people/')

/**
 * What became of one thing that was found.
 *
 * - imported: it was tried, is good, and was saved. same: it is here already. would_try: a dry run.
 * - refused: the service does not take it; `says` why. kept: the person has another one here, which stays.
 * - no_person, no_server, no_field: nobody, no server or no field here has such a name.
 * - unfit: it is no token that could be kept. unreadable: it is no document of the original. failed: nobody can say.
 */
export const ImportOutcome = z.enum([
  'imported',
  'same',
  'would_try',
  'refused',
  'kept',
  'no_person',
  'no_server',
  'no_field',
  'unfit',
  'unreadable',
  'failed',
])
export type ImportOutcome = z.infer<typeof ImportOutcome>

export const ImportedItem = z.strictObject({
  /** Where it lies. */
  key: z.string(),
  /** The system that it is for, as the original named it. Null where the whole document is meant. */
  system: z.string().nullable(),
  user: Handle.nullable(),
  server: ServerId.nullable(),
  outcome: ImportOutcome,
  says: z.string(),
})
export type ImportedItem = z.infer<typeof ImportedItem>

/** What one call of the import did. Levels and tables that it found are reported, and applied by nobody. */
export const SecretImport = z.strictObject({
  items: z.array(ImportedItem),
  levels: z.array(z.strictObject({ user: Handle, server: ServerId, level: Level })),
  tables: z.array(z.strictObject({ user: Handle, server: ServerId, connection: z.string(), allow: z.array(z.string()) })),
  /** How many documents there are, and how many of them are done with this call. */
  documents: z.int(),
  done: z.int(),
  /** The `cursor` of the next call. Null: that was all. */
  resume: z.string().nullable(),
})
export type SecretImport = z.infer<typeof SecretImport>
