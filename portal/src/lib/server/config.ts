import { LOOPBACK_HOSTS } from '@bir/sdk/contract/loopback'
import { PortalKey } from '@bir/sdk/portal-key'
import { readEnv, settingFaults, unencryptedAddresses } from '@bir/sdk/read-env'
import type { Env } from '@bir/sdk/read-env'
import { z } from 'zod'

/** The address of a server, without a slash at its end. */
const address = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''))
const origin = z.url({ protocol: /^https?$/ }).transform((url) => new URL(url).origin)

export const Config = z.object({
  stage: z.enum(['local', 'dev', 'preprod', 'prod']).default('local'),
  host: z.string().default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** The address at which browsers reach the portal. Where it is not set, it is ORIGIN, or that of the loopback. */
  portalUrl: origin.optional(),
  /** What adapter-node calls the same. */
  origin: origin.optional(),
  /** The control plane: its PUBLIC_URL, the issuer. */
  controlUrl: address,
  /** The public address of the data planes. Clients connect to `<mcpUrl>/mcp`. */
  mcpUrl: address,
  /** The private key, as JSON. Better in a file: PORTAL_KEY_FILE. */
  portalKey: z.string().transform(readKey),
  portalClientId: z.string().min(1).max(200).default('portal'),
})
export type Config = Omit<z.infer<typeof Config>, 'origin' | 'portalUrl'> & { portalUrl: string }

function readKey(text: string, context: z.RefinementCtx): PortalKey {
  const key = PortalKey.safeParse(parsed(text))
  if (key.success) return key.data
  // The value must stay out of the message.
  context.addIssue({ code: 'custom', message: 'is no key of a portal: "bir client create portal --portal" makes one', input: undefined })
  return z.NEVER
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads `fooBar` from FOO_BAR, or from the file that FOO_BAR_FILE names. Throws one message with every fault. */
export function readConfig(env: Env = process.env): Config {
  const { values, unreadable } = readEnv(Object.keys(Config.shape), env)
  if (unreadable.length > 0) throw new Error(`${unreadable.join('; ')}.`)
  const result = Config.safeParse(values)
  if (!result.success) throw new Error(`These settings stop the portal: ${settingFaults(result.error)}.`)
  const { origin: ofAdapter, portalUrl = ofAdapter, ...rest } = result.data
  const isOnLoopback = [...LOOPBACK_HOSTS, '::1'].includes(rest.host)
  if (portalUrl === undefined && (!isOnLoopback || rest.port === 0))
    throw new Error('These settings stop the portal: PORTAL_URL is missing: the address at which browsers reach it.')
  const config = { ...rest, portalUrl: portalUrl ?? `http://127.0.0.1:${rest.port}` }
  const unsafe = rest.stage === 'local' ? [] : unencryptedAddresses(config)
  if (unsafe.length > 0)
    throw new Error(`These settings stop the portal outside stage local, because they are not https: ${unsafe.join(', ')}.`)
  return config
}
