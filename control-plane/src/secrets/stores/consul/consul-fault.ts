import { StoreFault } from '../store.ts'

/** What the package knows of a request that failed. It also holds the request, with the token: keep nothing of it. */
interface Failure {
  readonly code?: unknown
  readonly isTimeout?: unknown
  readonly isAbort?: unknown
  readonly isCodec?: unknown
  readonly response?: { readonly statusCode?: number; readonly body?: unknown }
}

/**
 * What to tell an administrator when Consul does not do it. The error of the package is neither the cause nor quoted:
 * it carries the request with its token, and what a parser quotes may be a value. Of Consul's own words, only whether
 * they are certain ones counts.
 */
export function consulFault(error: unknown, address: string): StoreFault {
  if (error instanceof StoreFault) return error
  const { code, isTimeout, isAbort, isCodec, response }: Failure = typeof error === 'object' && error !== null ? error : {}
  if (isTimeout || isAbort) return unreachable(`Consul at ${address} did not answer in time.`)
  if (response?.statusCode !== undefined && response.statusCode >= 300)
    return answerFault(response.statusCode, textOf(response.body), address)
  if (isCodec) return notConsul(address)
  const name = typeof code === 'string' ? code : ''
  if (isTls(name)) return new StoreFault('tls', tlsText(name, address))
  return unreachable(`Consul at ${address} cannot be reached${name === '' ? '' : ` (${name})`}.`)
}

/** Something answers there that is not the HTTP API of Consul. */
export const notConsul = (address: string) =>
  new StoreFault('service_error', `What answers at ${address} is not Consul's HTTP API. Look at CONSUL_HTTP_ADDR.`)

const unreachable = (what: string) =>
  new StoreFault('unreachable', `${what} Look whether it runs and CONSUL_HTTP_ADDR is right.`, { retryable: true })

function answerFault(status: number, text: string, address: string): StoreFault {
  if ((status === 403 || status === 401) && /ACL not found/i.test(text))
    return new StoreFault(
      'signed_out',
      `Consul at ${address} does not know the token of CONSUL_HTTP_TOKEN: it was deleted. Make a new one.`,
    )
  if (status === 403 || status === 401)
    return new StoreFault(
      'permission_denied',
      `Consul at ${address} denies it. Give the token of CONSUL_HTTP_TOKEN a policy with key_prefix "<CONSUL_PREFIX>" { policy = "write" }.`,
    )
  if (status === 413)
    return new StoreFault(
      'service_error',
      `Consul at ${address} takes no value that large (512 KiB, or its kv_max_value_size): all secrets of one holder are one value. Make them smaller, or raise that limit.`,
    )
  if (status === 429) return new StoreFault('rate_limited', `Consul at ${address} wants fewer requests.`, { retryable: true })
  if (/no cluster leader/i.test(text))
    return new StoreFault('unreachable', `Consul at ${address} has no leader: too few of its servers run.`, { retryable: true })
  if (/HTTP request to an HTTPS server/i.test(text))
    return new StoreFault('tls', `Consul at ${address} wants https. Write https:// in CONSUL_HTTP_ADDR.`)
  if (status >= 500) return new StoreFault('service_error', `Consul at ${address} failed (status ${status}).`, { retryable: true })
  return new StoreFault('service_error', `Consul at ${address} refuses the request (status ${status}).`)
}

const textOf = (body: unknown): string => (typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString('latin1', 0, 300) : '')

const isTls = (code: string) => /CERT|SIGNATURE|SELF_SIGNED|ERR_SSL|ERR_TLS|^EPROTO$/.test(code)

const tlsText = (code: string, address: string) =>
  /ERR_SSL|EPROTO/.test(code)
    ? `Consul at ${address} speaks no TLS that we understand (${code}). Perhaps it wants http://.`
    : `The certificate of Consul at ${address} is not trusted (${code}). Name the CA that signed it in CONSUL_CACERT.`
