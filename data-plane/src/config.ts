import { readEnv, settingFaults, unencryptedAddresses } from '@bir/sdk/read-env'
import { z } from 'zod'
import { ForwardedHeaderName, TrustedProxies } from '@bir/sdk/trusted-proxies'
import { vaultSettingFaults, vaultShape } from '@bir/sdk/vault/settings'
import { PROXY_KEYS, proxyShape, smallProxyVariables } from '@bir/sdk/proxies'

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((item) => item.trim() || []))

/** As a browser sends it: scheme, host and port (RFC 6454 §6.2). */
const isOrigin = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text)

/** `<control plane URL>#<join secret>.<fingerprint>` */
const BirJoin = z
  .string()
  .trim()
  .regex(/^https?:\/\/[^#]+#[^.]+\.[0-9a-f]{64}$/, 'must be <control plane URL>#<join secret>.<fingerprint>')

export const Config = z.object({
  stage: z.enum(['local', 'dev', 'preprod', 'prod']).default('local'),
  host: z.string().default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** The URL of this gateway for clients: the base of every OAuth resource and of the audience of tokens. */
  publicUrl: z.url().transform((url) => url.replace(/\/$/, '')),
  /** The folder for identity, last good policy and audit spool. */
  homeDir: z.string().min(1),
  /** The folder of files that `{ secret: name }` in a server's settings refers to. */
  secretsDir: z.string().optional(),
  /**
   * Vault or OpenBao, where this plane reads secrets itself, with a read-only identity of its own. Absent: it reads
   * them through the control plane.
   */
  ...vaultShape,
  /** The line with which the plane joins. Needed once, until this plane has an identity. */
  birJoin: BirJoin.optional(),
  /**
   * The port for other planes, never for clients. Needed with more than one plane. 0 takes a free port; absent means
   * one plane.
   */
  internalPort: z.coerce.number().int().min(0).max(65_535).optional(),
  internalHost: z.string().default('127.0.0.1'),
  /** The URL for other planes, where it is not http://host:port. */
  internalUrl: z.url().optional(),
  planeName: z.string().max(100).default('plane'),
  /** The portal, where a person manages secrets and grants. Messages name it. */
  portalUrl: z.url().optional(),
  /** Browser origins that may call, besides the gateway's own. */
  allowedOrigins: list.refine((origins) => origins.every(isOrigin), 'must be origins such as https://app.example.com, separated by commas'),
  /**
   * Host headers that are accepted besides that of the public URL. Outside loopback any is accepted unless this is
   * set.
   */
  allowedHosts: list,
  /** The proxies before this plane, which say who the client is. */
  trustedProxies: TrustedProxies,
  forwardedHeader: ForwardedHeaderName,
  maxRequestBytes: z.coerce
    .number()
    .int()
    .min(1024)
    .default(4 * 1024 * 1024),
  /** When more audit than this is not shipped, calls are refused: no record is lost. */
  spoolMaxBytes: z.coerce
    .number()
    .int()
    .min(1_000_000)
    .default(4 * 1024 * 1024 * 1024),
  /**
   * How long the plane still serves after it was told to stop, while `/health` says so: a load balancer notices. 5 s
   * unless set; 0 in stage local.
   */
  stopDelayMs: z.coerce.number().int().min(0).optional(),
  /** How long calls under way may still take after that. */
  drainMs: z.coerce.number().int().min(0).default(10_000),
  /** The proxies to remote servers, by the scheme of the server's address, and what is reached without. */
  ...proxyShape,
})
export type Config = z.infer<typeof Config>

/** VAULT_MOUNT and VAULT_AUTH have defaults, and say nothing. */
const namesVault = (config: Config): boolean =>
  Object.keys(vaultShape).some((key) => key !== 'vaultMount' && key !== 'vaultAuth' && config[key as keyof typeof vaultShape] !== undefined)

/**
 * Outside stage local nothing that matters travels unencrypted: clients send tokens to the public address, and the join
 * line has a secret. What planes send each other at `internalUrl` is signed, and sealed where it is secret.
 */
const SafeConfig = Config.superRefine((config, { addIssue }) => {
  if (namesVault(config)) for (const [key, message] of vaultSettingFaults(config)) addIssue({ code: 'custom', path: [key], message })
  if (config.stage === 'local') return
  for (const key of unencryptedAddresses(config, ['internalUrl', ...PROXY_KEYS])) {
    addIssue({ code: 'custom', path: [key], message: `must be https:// in stage ${config.stage}` })
  }
})

/**
 * Reads `fooBarMs` from FOO_BAR_MS, or from the file that FOO_BAR_MS_FILE names.
 * Throws one message: every file that cannot be read, or else every fault of a value.
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const { values, unreadable } = readEnv(Object.keys(Config.shape), env)
  if (unreadable.length > 0) throw new Error(`${unreadable.join('; ')}.`)
  const parsed = SafeConfig.safeParse({ ...values, ...smallProxyVariables(env) })
  if (parsed.success) return parsed.data
  throw new Error(`The data plane cannot start with these settings: ${settingFaults(parsed.error)}.`)
}

/**
 * Reads the join line again from the file that BIR_JOIN_FILE names: the control plane puts a new line there after each
 * use. Undefined when the setting comes from no file.
 */
export function joinLineReader(env: Record<string, string | undefined> = process.env): (() => string | undefined) | undefined {
  if (env['BIR_JOIN'] !== undefined || !env['BIR_JOIN_FILE']) return undefined
  return () => BirJoin.safeParse(readEnv(['birJoin'], env).values['birJoin']).data
}
