import { SecretFieldName } from '@bir/sdk/contract/secret-form'
import { z } from 'zod'

/** Names a secret that is the gateway's, and no person's. */
const GatewaySecret = z.strictObject({ secret: SecretFieldName })

const Pem = (label: RegExp, what: string) =>
  z
    .string()
    .max(256 * 1024)
    .regex(label, `must be ${what} in PEM`)

const Certificate = Pem(/-----BEGIN CERTIFICATE-----/, 'a certificate')

/** Where the text is no address at all, that is its fault, and told by itself. */
const isPlain = (text: string): boolean => {
  const url = URL.parse(text)
  return !url || [url.username, url.password, url.search, url.hash].every((part) => part === '')
}

const ServiceUrl = z
  .url({ protocol: /^https?$/, error: 'must be an address such as https://gitlab.example.com' })
  .refine(isPlain, 'must have no user, password, ? or #')

/** How a service is reached over HTTP: members of the settings of every server that has one. The administrator's. */
export const httpShape = {
  /** Its address as people open it, with the path below which it lies, if any. Secrets go to its origin alone. */
  url: ServiceUrl,
  /** The certificates of the authorities that may vouch for it, in PEM. Absent: those that Node.js knows. */
  ca: Certificate.optional(),
  /** What the gateway shows of itself (mutual TLS). `key` names the secret that holds the private key, in PEM. */
  clientCertificate: z.strictObject({ certificate: Certificate, key: GatewaySecret }).optional(),
  /** The HTTP proxy by which it is reached. */
  proxy: z.strictObject({ url: ServiceUrl, user: z.string().min(1).max(255).optional(), password: GatewaySecret.optional() }).optional(),
  /** The longest time that one request may take. */
  timeoutMs: z.int().min(100).max(600_000).default(30_000),
  /** How many requests of one person run at once. Others wait. */
  atOncePerPerson: z.int().min(1).max(100).default(6),
}

export const HttpSettings = z.strictObject(httpShape)
export type HttpSettings = z.infer<typeof HttpSettings>
