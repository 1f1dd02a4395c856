import { AddressRefused } from '@bir/sdk/outgoing/guarded-lookup'

/**
 * Why there is no answer.
 *
 * - dns: nobody knows the name. connect: nobody answers at the address. tls: no trust. proxy: it lets nothing through.
 * - address: the gateway never connects to such an address.
 * - reset: the connection ended before the answer. timeout: it did not come in time. garbled: it is not HTTP.
 */
export type NoAnswerKind = 'dns' | 'connect' | 'tls' | 'proxy' | 'address' | 'reset' | 'timeout' | 'garbled'

/** A service did not answer. `says` is for people: what is wrong, and whose it is to mend. It quotes nobody. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly kind: NoAnswerKind
  readonly says: string

  constructor(kind: NoAnswerKind, says: string, cause: unknown) {
    super(`${kind}: ${detailOf(cause)}`, { cause })
    this.kind = kind
    this.says = says
  }
}

/** What went wrong on the way to the service `title` at `host`. */
export function noAnswer(error: unknown, { title, host }: { title: string; host: string }): NoAnswer {
  const kind = kindOf(error)
  return new NoAnswer(kind, sentences[kind](title, host), error)
}

const sentences: Record<NoAnswerKind, (title: string, host: string) => string> = {
  dns: (title, host) =>
    `${title} cannot be reached: nobody knows the name ${host}. An administrator must mend the address in the settings or the name service.`,
  connect: (title, host) =>
    `${title} cannot be reached: nothing answers at ${host}. It is down, or a firewall is in between. Try again later, or tell an administrator.`,
  tls: (title, host) =>
    `${title} cannot be reached safely: the gateway and ${host} do not trust each other (TLS). An administrator must mend ca or clientCertificate in the settings, or the service's certificate.`,
  proxy: (title) =>
    `${title} cannot be reached: the proxy does not let the gateway through. An administrator must mend proxy in the settings.`,
  address: (title, host) =>
    `${title} cannot be reached: ${host} has an address that the gateway never connects to. An administrator must mend the address in the settings.`,
  reset: (title, host) => `${title} at ${host} ended the connection before it answered. Try again later.`,
  timeout: (title, host) => `${title} at ${host} did not answer in time. Try again later.`,
  garbled: (title, host) =>
    `What answers at ${host} does not speak HTTP, so it is not ${title}. An administrator must mend the address in the settings.`,
}

const byCode: readonly (readonly [RegExp, NoAnswerKind])[] = [
  [/^(ENOTFOUND|EAI_\w+|ENODATA)$/, 'dns'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ETIMEDOUT|EADDRNOTAVAIL|EACCES|ENOENT|UND_ERR_CONNECT_TIMEOUT)$/, 'connect'],
  [/^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO|INVALID_CA)/, 'tls'],
  [/^(UND_ERR_(HEADERS|BODY)_TIMEOUT)$/, 'timeout'],
  [/^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)/, 'garbled'],
]

function kindOf(error: unknown): NoAnswerKind {
  if (error instanceof AddressRefused) return 'address'
  if (!(error instanceof Error)) return 'reset'
  if (error.name === 'ProxyRefused') return 'proxy'
  if (error.name === 'TimeoutError') return 'timeout'
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return byCode.find(([form]) => form.test(code))?.[1] ?? 'reset'
}

/** The code alone: a message may quote what was sent. */
const detailOf = (cause: unknown): string =>
  (cause as NodeJS.ErrnoException | undefined)?.code ?? (cause instanceof Error ? cause.name : 'unknown')
