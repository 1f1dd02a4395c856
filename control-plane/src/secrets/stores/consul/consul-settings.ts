import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { isLoopbackAddress } from '../../../base/loopback.ts'

/** `consul.example.com:8500` is http, as for Consul's own programs. */
const Address = z
  .string()
  .transform((text) => (text.includes('://') ? text : `http://${text}`).replace(/\/+$/, ''))
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an address such as https://consul.example.com:8501' }))
  .refine((text) => !new URL(text).username && !new URL(text).password, 'must not hold a token: set CONSUL_HTTP_TOKEN')

/** A folder of keys: ends with one slash and begins with none. Empty: the top. */
const Prefix = z
  .string()
  .transform((text) => text.replace(/^\/+|\/+$/g, ''))
  .pipe(z.string().regex(/^[A-Za-z0-9._/-]{0,200}$/, 'must be at most 200 of A-Z a-z 0-9 . _ - /'))
  .transform((text) => (text === '' ? '' : `${text}/`))

/** The settings of the control plane for Consul. */
export const consulShape = {
  /** Where Consul's HTTP API is: an agent on this machine, or a server. */
  consulHttpAddr: Address.optional(),
  /** The ACL token. It needs `key_prefix "<prefix>" { policy = "write" }`, and nothing else. */
  consulHttpToken: z.string().min(1).optional(),
  /** Below this lie the secrets. */
  consulPrefix: Prefix.default('bir/'),
  /** The file with the CA that signed Consul's certificate, as PEM. Absent: those that Node trusts. */
  consulCacert: z.string().min(1).optional(),
}

const Shape = z.object(consulShape)
export type ConsulGiven = z.output<typeof Shape>

/** What is wrong with the settings together. */
export function consulFaults({
  stage,
  secretStore,
  consulHttpAddr,
}: ConsulGiven & { stage: string; secretStore: string }): (readonly ['consulHttpAddr', string])[] {
  if (consulHttpAddr === undefined)
    return secretStore === 'consul' ? [['consulHttpAddr', 'is missing: SECRET_STORE=consul needs to know where Consul is']] : []
  const { protocol, hostname } = new URL(consulHttpAddr)
  const isOpen = protocol === 'http:' && !isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''))
  return isOpen && stage !== 'local'
    ? [['consulHttpAddr', `must be https:// in stage ${stage}, unless it is an agent on this machine`]]
    : []
}

/** Consul as the settings name it. */
export interface ConsulSettings {
  readonly address: string
  readonly token: string | undefined
  readonly prefix: string
  /** PEM. */
  readonly ca: string | undefined
}

/** Undefined where no setting says where Consul is. Throws when the file of the CA cannot be read. */
export function consulSettingsOf({ consulHttpAddr, consulHttpToken, consulPrefix, consulCacert }: ConsulGiven): ConsulSettings | undefined {
  if (consulHttpAddr === undefined) return undefined
  return {
    address: consulHttpAddr,
    token: consulHttpToken,
    prefix: consulPrefix,
    ca: consulCacert === undefined ? undefined : readCa(consulCacert),
  }
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Error(`CONSUL_CACERT names ${path}, which cannot be read.`)
  }
}
