import { z } from 'zod'
import { SecretRef } from './secret-ref.ts'

/** How a remote MCP server is reached. What is secret is named, never written here. */
export const RemoteSettings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Sent with every request. Hop-by-hop and MCP headers are not theirs to set. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.union([z.string().max(4096), SecretRef])).default({}),
  /** Which protocol it speaks: found out (`auto`), or said. */
  era: z.enum(['auto', 'legacy', '2026-07-28']).default('auto'),
  /** What becomes of a tool definition that changed: served at once (`off`), served and reported (`warn`), or held back until it is approved (`hold`). */
  trust: z.enum(['off', 'warn', 'hold']).default('warn'),
  /** The longest a call may take; the gateway's own limit where absent. */
  callTimeoutMs: z.int().min(100).max(3_600_000).optional(),
  /** The most a single answer may hold. */
  maxResponseBytes: z
    .int()
    .min(1024)
    .max(256 * 1024 * 1024)
    .default(16 * 1024 * 1024),
  /** Allows addresses of private networks and of this machine; needed for servers inside the company. */
  privateNetwork: z.boolean().default(true),
})
export type RemoteSettings = z.infer<typeof RemoteSettings>
