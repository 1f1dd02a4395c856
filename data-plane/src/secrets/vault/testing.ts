import { text } from 'node:stream/consumers'
import { randomUUID } from 'node:crypto'
import { serverOf } from '../../upstream/testing.ts'

/** A request as the stand-in got it. */
interface Heard {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly namespace: string | undefined
}

/**
 * A stand-in of Vault for what a data plane asks of it: log-in by AppRole, look-up and renewal of tokens, the kind of a
 * mount, reads of KV version 1 and 2. Answers have the form of the published HTTP API.
 */
export async function aVault({ version = 2, leaseS = 3600 }: { version?: 1 | 2; leaseS?: number } = {}) {
  const tokens = new Set<string>()
  const values = new Map<string, Record<string, unknown>>()
  const heard: Heard[] = []
  const state = {
    version,
    logIns: 0,
    renewals: 0,
    canRenew: true,
    secretId: `secret-id-${randomUUID()}`,
    instead: undefined as Instead | undefined,
  }
  const auth = (token: string) => ({ auth: { client_token: token, lease_duration: leaseS, renewable: true } })

  const answer = (path: string, token: string | undefined, body: Record<string, unknown>): readonly [number, unknown?] => {
    if (path === 'auth/approle/login') {
      if (body['secret_id'] !== state.secretId) return [400, { errors: ['invalid role or secret ID'] }]
      state.logIns++
      const made = `hvs.fake-${randomUUID()}`
      tokens.add(made)
      return [200, auth(made)]
    }
    if (token === undefined || !tokens.has(token)) return [403, { errors: ['permission denied'] }]
    if (path === 'auth/token/lookup-self') return [200, { data: { ttl: leaseS, renewable: true } }]
    if (path === 'auth/token/renew-self') {
      if (!state.canRenew) return [400, { errors: ['lease is not renewable'] }]
      state.renewals++
      return [200, auth(token)]
    }
    if (path === 'sys/internal/ui/mounts/secret')
      return [200, { data: { type: 'kv', path: 'secret/', options: { version: String(state.version) } } }]
    const [, key] = (state.version === 2 ? /^secret\/data\/(.+)$/ : /^secret\/(.+)$/).exec(path) ?? []
    const found = key === undefined ? undefined : values.get(key)
    if (!found) return [404, { errors: [] }]
    return [200, { data: state.version === 2 ? { data: found, metadata: { version: 1 } } : found }]
  }

  const server = await serverOf(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/v1\//, '')
    const token = request.headers['x-vault-token']?.toString()
    heard.push({ method: request.method ?? '', path, token, namespace: request.headers['x-vault-namespace']?.toString() })
    const sent = await text(request)
    const body = (sent === '' ? {} : JSON.parse(sent)) as Record<string, unknown>
    const { instead } = state
    const [status, said, headers = {}] = instead && path.startsWith('secret/') ? instead : [...answer(path, token, body)]
    const isText = typeof said === 'string'
    response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json', ...headers })
    response.end(said === undefined ? '' : isText ? said : JSON.stringify(said))
  })
  return {
    url: server.url,
    heard,
    values,
    state,
    /** Every token is revoked. */
    revokeAll: () => tokens.clear(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** What comes in place of the answer to a read: status, body, headers. */
type Instead = [status: number, body?: unknown, headers?: Record<string, string>]

/** A real Vault or OpenBao, which whoever runs the tests names. Empty where there is none. */
export const realVault = { address: process.env['BIR_TEST_VAULT_ADDR'] ?? '', token: process.env['BIR_TEST_VAULT_TOKEN'] ?? '' }
