import { z } from 'zod'

/** Names a secret in a server's settings. The data plane reads the value; it never enters the policy or a snapshot. */
export const SecretRef = z.strictObject({
  secret: z.string().regex(/^(?!\.+$)[A-Za-z0-9._-]{1,128}$/, 'the name of a secret is 1-128 of A-Z a-z 0-9 . _ -, and not dots alone'),
})
export type SecretRef = z.infer<typeof SecretRef>
