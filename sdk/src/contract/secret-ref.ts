import { z } from 'zod'
import { SecretFieldName } from './secret-form.ts'

/**
 * Names a secret in a server's settings. The data plane reads the value; it is never in a snapshot.
 *
 * - `{ secret: name }`: the field `name` of the secret that all who use the server share; where the server has none,
 *   the file `name` of the plane's folder SECRETS_DIR.
 * - `{ secret: name, of: person }`: the field `name` of the caller's own secret for this server, or of their group's,
 *   or of the shared one, in the server's order (`ServerSecret`).
 */
export const SecretRef = z.strictObject({ secret: SecretFieldName, of: z.literal('person').optional() })
export type SecretRef = z.infer<typeof SecretRef>
