import { readEnv, settingFaults, unencryptedAddresses } from '@bir/sdk/read-env'
import { z } from 'zod'
import { isLoopbackAddress } from './base/loopback.ts'
import { ForwardedHeaderName, TrustedProxies } from '@bir/sdk/trusted-proxies'
import { PROXY_KEYS, proxyShape, smallProxyVariables } from '@bir/sdk/proxies'
import { vaultSettingFaults, vaultShape } from '@bir/sdk/vault/settings'
import { consulFaults, consulShape } from './secrets/stores/consul/consul-settings.ts'

const origin = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''))

/** An Ed25519 JWK. This process reads only the public part, also when the file holds the private key too. */
const OperatorJwk = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue('must be a JWK as JSON')
      return z.NEVER
    }
  })
  .pipe(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }, 'must be an Ed25519 key as a JWK'))

/** `plane-a.internal`, `*.planes.internal`, `10.0.0.12`, `10.0.0.0/8`, separated by commas. */
const PlaneHosts = z
  .string()
  .transform((text) => text.split(',').flatMap((item) => item.trim().toLowerCase() || []))
  .pipe(z.array(z.union([z.cidrv4(), z.cidrv6(), z.string().regex(/^(\*\.)?[a-z0-9.:-]+$/)], 'must be hosts, *.suffixes and networks')))

export const Config = z
  .object({
    stage: z.enum(['local', 'dev', 'preprod', 'prod']).default('local'),
    host: z.string().default('127.0.0.1'),
    port: z.coerce.number().int().min(0).max(65_535).default(8081),
    /** The OAuth issuer: the URL at which clients and planes reach this process. */
    publicUrl: origin,
    /** The public base URL of the data planes. Access tokens have the audience `<mcpUrl>/mcp`. */
    mcpUrl: origin,
    /** The portal, where a person manages secrets. Messages name it. */
    portalUrl: origin.optional(),
    databaseUrl: z.url({ protocol: /^postgres(ql)?$/ }),
    /** The folder of the master key, unless `masterKey` is set. */
    homeDir: z.string().min(1),
    /** base64 of 32 bytes. It encrypts every private key in the database. */
    masterKey: z
      .base64()
      .transform((text) => Buffer.from(text, 'base64'))
      .refine(({ length }) => length === 32, 'must be base64 of 32 bytes')
      .optional(),
    operatorKey: OperatorJwk.optional(),
    /** The file to write the line to that lets a data plane join. */
    joinFile: z.string().min(1).optional(),
    /** Where planes may say that they are: hosts, `*.suffix`, networks. Absent: anywhere but where no plane can be. */
    planeHosts: PlaneHosts.default([]),
    /** The one identity provider that needs no policy. Those of the policy stand beside it. */
    idpIssuer: z.url({ protocol: /^https?$/ }).optional(),
    /** The name of that provider in the database: a person is identified by provider and subject. */
    idpProvider: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
      .refine((handle) => handle !== 'service', 'the name service is kept for service accounts')
      .default('demo'),
    /** The gateway's client at that provider. Absent: nobody signs in with it on a page. */
    idpClientId: z.string().min(1).optional(),
    /** Absent: a public client. */
    idpClientSecret: z.string().min(1).optional(),
    /** What new token keys sign with. Keys that are there stay until their time is over. */
    tokenAlg: z.enum(['EdDSA', 'ES256']).default('EdDSA'),
    /** The proxies before this process, which say who the client is. */
    trustedProxies: TrustedProxies,
    forwardedHeader: ForwardedHeaderName,
    /** Separated by blanks. */
    idpScopes: z
      .string()
      .transform((text) => ['openid', ...text.split(/\s+/).filter((scope) => scope !== '' && scope !== 'openid')])
      .optional(),
    /** The audience of its tokens that are accepted for exchange. Absent: `idpClientId`, or else `bir`. */
    idpAudience: z.string().min(1).optional(),
    /** The folder of the secrets that the policy names for the control plane, a file each. */
    secretsDir: z.string().min(1).optional(),
    /** Where the values of secrets of people and servers lie. */
    secretStore: z.enum(['embedded', 'vault', 'consul']).default('embedded'),
    ...vaultShape,
    ...consulShape,
    drainMs: z.coerce.number().int().min(0).default(4_000),
    /** How long it answers on after it said that it stops. Absent: 5 s, in stage local 0. */
    stopDelayMs: z.coerce.number().int().min(0).optional(),
    /** The proxies to the identity provider, by the scheme of its address, and what is reached without. */
    ...proxyShape,
  })
  .superRefine((config, context) => {
    const fault = (key: keyof typeof config, message: string) => context.addIssue({ code: 'custom', path: [key], message })
    for (const [key, message] of consulFaults(config)) fault(key, message)
    // Elsewhere a VAULT_ADDR may be there for Vault's own command.
    for (const [key, message] of config.secretStore === 'vault' ? vaultSettingFaults(config) : []) fault(key, message)
    if (config.stage === 'local') return
    if (config.vaultAddr !== undefined && isOpen(config.vaultAddr))
      fault('vaultAddr', `must be https:// in stage ${config.stage}, unless it is an agent on this machine`)
    for (const key of unencryptedAddresses(config, [...PROXY_KEYS, 'consulHttpAddr', 'vaultAddr']))
      fault(key as keyof typeof config, `must be https:// in stage ${config.stage}`)
    if (config.idpProvider === 'demo') fault('idpProvider', `must name your provider: demo is for stage local only`)
  })
  .refine(({ stage, operatorKey }) => stage === 'local' || operatorKey === undefined, {
    path: ['operatorKey'],
    error: 'is for stage local only: leave it out, operators sign in with a token',
    // Also when the key has no good form: mending that would lead nowhere.
    when: () => true,
  })
export type Config = z.infer<typeof Config>

/** Whether what is sent there travels unencrypted over a network. */
const isOpen = (url: string): boolean => {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''))
}

/**
 * Reads `fooBarMs` from FOO_BAR_MS, or from the file that FOO_BAR_MS_FILE names.
 * Throws one message: every file that cannot be read, and every fault of a value.
 */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const { values, unreadable } = readEnv(Object.keys(Config.shape), env)
  const parsed = Config.safeParse({ ...values, ...smallProxyVariables(env) })
  if (parsed.success && unreadable.length === 0) return parsed.data
  const faults = [...unreadable, ...(parsed.error ? [settingFaults(parsed.error)] : [])]
  throw new Error(`The control plane cannot start with these settings: ${faults.join('; ')}.`)
}
