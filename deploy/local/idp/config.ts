import { LOOPBACK_HOST, LOOPBACK_HOSTS } from '@bir/sdk/contract/loopback'
import { z } from 'zod'
import { readConfig } from '../base/read-config.ts'

const Config = z.object({
  stage: z.literal('local', 'the demo identity provider runs in stage local alone; name your own provider'),
  host: z.enum(LOOPBACK_HOSTS, 'the demo identity provider listens on loopback alone').default(LOOPBACK_HOST),
  port: z.coerce.number().int().min(0).max(65_535).default(8082),
  /** The folder with the provider's keys and the password hashes. */
  homeDir: z.string().min(1),
  /** The gateway's control plane, whose own client the provider then knows, with its secret. */
  gatewayUrl: z.url({ protocol: /^https?$/ }).optional(),
  gatewaySecret: z.string().min(32).optional(),
})
export type Config = z.infer<typeof Config>

export const readIdpConfig = (env: Record<string, string | undefined> = process.env): Config => readConfig(Config, env)
