/** Why Vault does not do what it was asked. The words are those of `StoreFault` in the control plane. */
export type VaultFaultKind =
  | 'unreachable'
  | 'tls'
  | 'sealed'
  | 'rate_limited'
  | 'permission_denied'
  | 'signed_out'
  | 'wrong_mount'
  | 'kv_version'
  | 'malformed'
  | 'service_error'
  | 'conflict'

/** `says` is for administrators: what is wrong, and what to do. It holds nothing of a request or an answer. */
export interface VaultFault {
  kind: VaultFaultKind
  says: string
  /** The same may succeed later. */
  retryable: boolean
  /** Of `malformed`: what the store calls the value that cannot be read. */
  storeVersion?: string | undefined
}

export const vaultFault = (kind: VaultFaultKind, says: string, retryable = false): VaultFault => ({ kind, says, retryable })

/** An answer of Vault, its body parsed where it is JSON. */
export interface VaultAnswer {
  status: number
  /** Undefined: there is none, or it is no JSON. */
  body: unknown
  /** Undefined: there is no body. */
  contentType: string | undefined
}

/**
 * The fault that an answer is; undefined for a 2xx with a body of JSON or none, and for the 404 of a path at which
 * nothing lies. A 403 does not say whether the token is bad or the policy: ask for the mount with the same token, which
 * `isTokenRefused` understands. For the answers of `sys/health`, where a 429 is a standby, use none of this.
 */
export function answerFault(answer: VaultAnswer): VaultFault | undefined {
  const { status, contentType } = answer
  if (contentType !== undefined && !/\bjson\b/i.test(contentType) && status < 500)
    return vaultFault(
      'service_error',
      'A web page or another text came in place of the JSON of Vault: check VAULT_ADDR and what lies before it.',
    )
  if (status >= 200 && status < 300) return undefined
  const errors = errorsOf(answer.body)
  if (status === 404) return notThere(errors, answer.body)
  return errors.some((error) => /upgrading from non-versioned/i.test(error))
    ? vaultFault('service_error', 'Vault upgrades the KV engine to version 2. Try again in a moment.', true)
    : (byText(status, errors) ?? byStatus(status))
}

function byText(status: number, errors: readonly string[]): VaultFault | undefined {
  const has = (pattern: RegExp) => errors.some((error) => pattern.test(error))
  if (status === 400 && has(/check-and-set parameter (did not|does not) match/i))
    return vaultFault('conflict', 'Somebody else wrote the secret meanwhile. Look at it, then put it again.')
  if (status === 403 && has(/preflight capability check/i))
    return vaultFault(
      'wrong_mount',
      'Nothing is mounted at VAULT_MOUNT in this namespace, or the policy of our identity allows nothing there.',
    )
  if (status === 405 || has(/no handler for route/i))
    return vaultFault('wrong_mount', 'At VAULT_MOUNT lies no KV engine: check VAULT_MOUNT and VAULT_NAMESPACE.')
  return undefined
}

function byStatus(status: number): VaultFault {
  switch (status) {
    case 307:
    case 308:
      return vaultFault(
        'sealed',
        'A standby answers, and sends us to another address. The token goes to no other address: name the active node or a balancer in VAULT_ADDR.',
        true,
      )
    case 403:
      return vaultFault(
        'permission_denied',
        'Vault refuses: the policy of our identity does not allow this path. Compare it with the policy file.',
      )
    case 412:
      return vaultFault('service_error', 'This node of Vault has not caught up with the others. Try again in a moment.', true)
    case 429:
      return vaultFault('rate_limited', 'Vault wants fewer requests: its rate limit is reached. Try again in a moment.', true)
    case 472:
    case 473:
      return vaultFault('sealed', 'A standby answers, and forwards nothing: name the active node in VAULT_ADDR.', true)
    case 501:
      return vaultFault('sealed', 'Vault is not initialised: initialise and unseal it.', true)
    case 502:
    case 504:
      return vaultFault('unreachable', `What lies before Vault does not reach it (${status}).`, true)
    case 503:
      return vaultFault('sealed', 'Vault is sealed: unseal it.', true)
  }
  if (status >= 300 && status < 400)
    return vaultFault('service_error', `Vault sends us to another address (${status}), where the token does not go: check VAULT_ADDR.`)
  return vaultFault('service_error', `Vault answers ${status}. Its log says more.`, status >= 500)
}

/** Without errors it is a path at which nothing lies. */
function notThere(errors: readonly string[], body: unknown): VaultFault | undefined {
  if (warningsOf(body).some((warning) => /versioned k\/v secrets engine/i.test(warning))) return kvVersionFault
  if (errors.length === 0) return undefined
  return vaultFault('wrong_mount', 'Nothing is mounted at VAULT_MOUNT: check VAULT_MOUNT and VAULT_NAMESPACE.')
}

export const kvVersionFault = vaultFault('kv_version', 'The KV engine has another version now than it had when we began. Try again.', true)

/** The fault when a log-in is refused: the role, the credential, or the method's mount is wrong. */
export function logInFault(answer: VaultAnswer): VaultFault | undefined {
  const { status } = answer
  const isOurs = status === 400 || status === 401 || status === 403 || status === 404
  const fault = answerFault(answer)
  if (!isOurs || (fault?.kind === 'service_error' && status !== 400)) return fault
  return vaultFault(
    'signed_out',
    `Vault refuses our log-in (${status}): check the role, its credential and VAULT_AUTH_MOUNT. The credential may have expired.`,
  )
}

/** Whether the answer to the question for the mount means that the token is good no more. */
export const isTokenRefused = (answer: VaultAnswer): boolean => answer.status === 403 && answerFault(answer)?.kind === 'permission_denied'

/** The fault of a connection that was not made or was lost, by its code of Node, OpenSSL or undici. */
export function connectionFault(code: string | undefined): VaultFault {
  if (code !== undefined && (/^(ERR_TLS_|ERR_SSL_|CERT_|CRL_)/.test(code) || certificateCodes.has(code)))
    return vaultFault('tls', `The certificate of Vault is not trusted (${code}): name its authority in VAULT_CACERT.`)
  return vaultFault('unreachable', `Vault cannot be reached (${code ?? 'no answer'}).`, true)
}

/** Codes of OpenSSL that begin with nothing of their own. */
const certificateCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'EPROTO',
])

const errorsOf = (body: unknown): string[] => textsOf(body, 'errors')
const warningsOf = (body: unknown): string[] => textsOf(body, 'warnings')

function textsOf(body: unknown, member: 'errors' | 'warnings'): string[] {
  if (typeof body !== 'object' || body === null) return []
  const list = (body as Record<string, unknown>)[member]
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
}
