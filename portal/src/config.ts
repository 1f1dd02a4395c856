import { z } from 'zod'

export const Config = z.object({
  host: z.string().default('127.0.0.1'),
  /** The portal's own address. Where it is not set, a portal on loopback answers to the names of loopback alone. */
  portalUrl: z.url({ protocol: /^https?$/ }).optional(),
  port: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** The address of the control plane, which the portal will use. */
  controlUrl: z.url({ protocol: /^https?$/ }),
  /** The public address of the data planes. Clients connect to `<mcpUrl>/mcp`. */
  mcpUrl: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
})
export type Config = z.infer<typeof Config>

/** Reads `fooBarMs` from FOO_BAR_MS. Throws one message with every fault. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const values = Object.keys(Config.shape).map((key) => [key, env[key.replace(/[A-Z]/g, '_$&').toUpperCase()] || undefined])
  const parsed = Config.safeParse(Object.fromEntries(values))
  if (parsed.success) return parsed.data
  throw new Error(`The portal's configuration has faults:\n${z.prettifyError(parsed.error)}`)
}
