import { z } from 'zod'
import { SecretRef } from './secret-ref.ts'

/** How the gateway reaches a remote MCP server. Secrets are named here, never written. */
export const RemoteSettings = z.object({
  url: z.url({ protocol: /^https?$/ }),
  /** Headers of every request. Hop-by-hop and MCP headers cannot be set (see `RemoteHeaders`). */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.union([z.string().max(4096), z.object(SecretRef.shape)])).default({}),
  /**
   * The protocol era that the server speaks: revisions up to 2025-11-25 over Streamable HTTP (`legacy`) or over the
   * HTTP+SSE transport of 2024-11-05 (`sse`), or 2026-07-28. With `auto` the gateway finds it out.
   */
  era: z.enum(['auto', 'legacy', 'sse', '2026-07-28']).default('auto'),
  /**
   * What happens to a changed tool definition: it is served (`off`),
   * served and reported (`warn`), or held until it is approved (`hold`).
   */
  trust: z.enum(['off', 'warn', 'hold']).default('warn'),
  /** The longest time that a call may take. Absent: the limit of the gateway's settings. */
  callTimeoutMs: z.int().min(100).max(3_600_000).optional(),
  /** The largest answer, in bytes. */
  maxResponseBytes: z
    .int()
    .min(1024)
    .max(256 * 1024 * 1024)
    .default(16 * 1024 * 1024),
  /** Allows addresses in private networks and on this machine. Servers inside the company need it. */
  privateNetwork: z.boolean().default(true),
})
export type RemoteSettings = z.infer<typeof RemoteSettings>

/** Do requests to the server carry a secret of the person on whose behalf they are made? */
export const isPersonal = ({ headers }: Pick<RemoteSettings, 'headers'>): boolean =>
  Object.values(headers).some((value) => typeof value !== 'string' && value.of === 'person')
