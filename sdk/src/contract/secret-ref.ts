import { z } from 'zod'

/** Stands in a server's settings where a secret belongs. The data plane resolves it; the value never enters a snapshot. */
export const SecretRef = z.strictObject({
  secret: z.string().regex(/^(?!\.+$)[A-Za-z0-9._-]{1,128}$/, 'the name of a secret is 1-128 of A-Z a-z 0-9 . _ -, and not dots alone'),
})
export type SecretRef = z.infer<typeof SecretRef>
