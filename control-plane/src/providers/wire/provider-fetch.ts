import type { ProxyFor } from '@bir/sdk/proxies'
import { Agent, fetch as undiciFetch, ProxyAgent } from 'undici'
import type { Dispatcher, RequestInit as UndiciRequestInit } from 'undici'
import { ProviderFault } from '../faults/provider-fault.ts'

/** What `openid-client` and `jose` call. Both send `redirect: 'manual'`, and take a redirect for a fault. */
export type ProviderFetch = (url: string, init: ProviderRequest) => Promise<Response>

interface ProviderRequest {
  method: string
  headers: unknown
  body?: unknown
  signal?: AbortSignal | undefined
}

const maxBytes = 1024 * 1024
export const TIMEOUT_MS = 5_000

/** Asks providers over HTTP: through the proxies of the environment, 5 s at most, 1 MiB at most, no redirect. */
export function createProviderFetch(proxyFor: ProxyFor): (provider: string) => ProviderFetch {
  const direct = new Agent({ connect: { timeout: TIMEOUT_MS } })
  const proxies = new Map<string, ProxyAgent>()

  function dispatcherFor(url: URL): Dispatcher {
    const proxy = proxyFor(url)
    if (!proxy) return direct
    const key = proxy.url.href
    const known = proxies.get(key) ?? new ProxyAgent({ uri: key, ...(proxy.authorization !== undefined && { token: proxy.authorization }) })
    proxies.set(key, known)
    return known
  }

  return (provider) =>
    async function providerFetch(url, { method, headers, body, signal }) {
      const at = new URL(url)
      const timeout = AbortSignal.timeout(TIMEOUT_MS)
      try {
        const response = await undiciFetch(at, {
          method,
          headers: headers as NonNullable<UndiciRequestInit['headers']>,
          body: (body ?? null) as NonNullable<UndiciRequestInit['body']> | null,
          redirect: 'manual',
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
          dispatcher: dispatcherFor(at),
        })
        const bytes = await readBounded(response.body, () => tooLarge(provider, at))
        // A status without a body refuses one, even an empty one.
        const hasBody = ![101, 204, 205, 304].includes(response.status)
        return new Response(hasBody ? bytes : null, { status: response.status, headers: [...response.headers] })
      } catch (error) {
        throw error instanceof ProviderFault ? error : networkFault(provider, at, error)
      }
    }
}

async function readBounded(body: AsyncIterable<Uint8Array> | null, tooLong: () => Error): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body ?? []) {
    length += part.length
    if (length > maxBytes) throw tooLong()
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const tooLarge = (provider: string, { host }: URL) =>
  new ProviderFault({
    reason: 'provider-invalid',
    whose: 'provider',
    what: `The identity provider ${provider} sent more than ${maxBytes} bytes from ${host}.`,
    next: 'Tell an administrator.',
  })

/** Codes of OpenSSL and Node for a certificate that is not accepted. */
const certificateCodes = /CERT|ERR_TLS|ERR_SSL|UNABLE_TO|SELF_SIGNED/

function networkFault(provider: string, { host }: URL, error: unknown): ProviderFault {
  const cause = { cause: error }
  const codes = codesOf(error)
  const detail = codes.join(', ')
  if (codes.some((code) => /^TimeoutError$|TIMEOUT|ETIMEDOUT/.test(code)))
    return new ProviderFault(
      {
        reason: 'provider-slow',
        whose: 'provider',
        what: `The identity provider ${provider} did not answer within ${TIMEOUT_MS / 1000} s (${host}).`,
        next: 'Try again in a moment.',
        detail,
      },
      cause,
    )
  if (codes.some((code) => certificateCodes.test(code)))
    return new ProviderFault(
      {
        reason: 'provider-certificate',
        whose: 'administrator',
        what: `The certificate of the identity provider ${provider} is not accepted (${host}: ${detail}).`,
        next: 'An administrator must renew it, or give the control plane the authority that signed it (NODE_EXTRA_CA_CERTS).',
        detail,
      },
      cause,
    )
  const what = codes.includes('ENOTFOUND')
    ? `The address of the identity provider ${provider} is not known (${host}).`
    : `The identity provider ${provider} cannot be reached (${host}).`
  return new ProviderFault(
    {
      reason: 'provider-unreachable',
      whose: 'provider',
      what,
      next: 'Try again in a moment; if it stays so, tell an administrator.',
      detail,
    },
    cause,
  )
}

/** The names and codes of an error and of what caused it. */
function codesOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return []
  const code = 'code' in error && typeof error.code === 'string' ? [error.code] : []
  const name = error.name === 'Error' || error.name === 'TypeError' ? [] : [error.name]
  const inner = error instanceof AggregateError ? error.errors.flatMap((each) => codesOf(each, depth + 1)) : []
  return [...new Set([...code, ...name, ...inner, ...codesOf(error.cause, depth + 1)])]
}
