import { z } from 'zod'
import { Level } from './level.ts'
import { ServerId } from './names.ts'
import { SecretHolderKind } from './secret-holder.ts'

/** The name of a field of a secret: a name of a secret as settings write it. */
export const SecretFieldName = z
  .string()
  .regex(/^(?!\.+$)[A-Za-z0-9._-]{1,128}$/, 'the name of a secret is 1-128 of A-Z a-z 0-9 . _ -, and not dots alone')

/** One field of a server's secret, as the command, the API and the portal draw it. */
export const SecretField = z.object({
  name: SecretFieldName,
  /** In plain words, such as `Personal access token`. */
  title: z.string(),
  /** A sentence: where the person gets it, or what it is. */
  help: z.string().optional(),
  /** The value has lines, as PEM has (RFC 7468). */
  lines: z.boolean(),
  /** False: the secret may do without it. */
  required: z.boolean(),
})
export type SecretField = z.infer<typeof SecretField>

/** What a person is asked for before they can use a server. */
export const SecretForm = z.object({
  server: ServerId,
  fields: z.array(SecretField),
  /** The page of the service on which a person makes such a secret. */
  createAt: z.string().optional(),
  /** The page of the portal on which a person gives it. Absent where the control plane knows no portal. */
  page: z.string().optional(),
  /** The scopes that the secret needs for the tools of a level. Levels that it lists none for need none. */
  scopes: z.partialRecord(Level, z.array(z.string())).optional(),
  /** Whose secrets the server uses, in this order: the first that there is counts. */
  order: z.array(SecretHolderKind),
  /** Whether it can be tried against the service. If not, nobody can say that it is good: it is stored unchecked. */
  proven: z.boolean(),
})
export type SecretForm = z.infer<typeof SecretForm>

/** The page of the portal on which a person gives the secret for a server. */
export const secretPage = (portalUrl: string, server: string): string => `${portalUrl.replace(/\/$/, '')}/secrets#${server}`
