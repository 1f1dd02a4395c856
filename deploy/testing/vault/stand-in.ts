import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { KvVersion1, KvVersion2 } from './kv.ts'
import type { Said } from './kv.ts'
import { rulesOf } from './policies.ts'

interface Token {
  policies: readonly string[]
  untilMs: number
  leaseS: number
  renewable: boolean
}
interface Role {
  roleId: string
  secretIds: Set<string>
  policies: readonly string[]
  leaseS: number
}
type Body = Record<string, unknown>

const denied: Said = [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }]

/** One namespace: engines, policies, roles, tokens. */
class Namespace {
  readonly engines = new Map<string, { version: string; kv: KvVersion1 | KvVersion2 }>()
  readonly policies = new Map<string, ReturnType<typeof rulesOf>>()
  readonly roles = new Map<string, Role>()
  readonly tokens = new Map<string, Token>()

  allows({ policies }: Token, path: string, capability: string): boolean {
    if (policies.includes('root')) return true
    const rules = policies.flatMap((name) => this.policies.get(name) ?? [])
    return rules.some(({ fits, capabilities }) => fits(path) && capabilities.includes(capability))
  }
}

/**
 * A stand-in of the HTTP API of Vault, as far as the gateway and its tests use it: what is mounted, KV of both
 * versions, policies, tokens, AppRole, namespaces. `vault-store.test.ts` holds it to the answers of a real server. In
 * `state.instead` a test puts an answer in place of all others.
 */
export async function startVault() {
  const rootToken = `fake-root-${randomUUID()}`
  const namespaces = new Map([['', new Namespace()]])
  const state: { instead: { status: number; body?: string; headers?: Record<string, string> } | undefined } = { instead: undefined }
  const heard: { method: string; path: string; token: string | undefined }[] = []

  const server = createServer((request, response) => {
    const answer = async () => {
      const [status, body] = await answerOf(request)
      response.writeHead(status, { 'content-type': 'application/json', ...state.instead?.headers })
      response.end(state.instead ? state.instead.body : body && JSON.stringify(body))
    }
    answer().catch((error: Error) => response.destroy(error))
  })

  async function answerOf(request: IncomingMessage): Promise<Said> {
    const { headers } = request
    const [asked = '', query] = (request.url ?? '').split('?')
    // As for Vault, a list is a method of its own, or this query.
    const method = query === 'list=true' ? 'LIST' : (request.method ?? '')
    const path = decodeURIComponent(asked.replace(/^\/v1\//, ''))
    const token = headers['x-vault-token']?.toString()
    heard.push({ method, path, token })
    const body = method === 'POST' ? ((await json(request)) as Body) : {}
    if (state.instead) return [state.instead.status]
    const namespace = namespaces.get(headers['x-vault-namespace']?.toString() ?? '')
    return namespace ? inNamespace(namespace, { method, path, body, token }) : [404, { errors: ['no handler for route'] }]
  }

  function inNamespace(namespace: Namespace, request: { method: string; path: string; body: Body; token: string | undefined }): Said {
    const { method, path, body, token = '' } = request
    const [, roleMount] = /^auth\/(\S+)\/login$/.exec(path) ?? []
    if (roleMount !== undefined) return logIn(namespace, body)
    const held: Token | undefined = token === rootToken ? root : namespace.tokens.get(token)
    if (!held || Date.now() >= held.untilMs) return denied
    if (path === 'auth/token/lookup-self') return [200, { data: { ttl: held.leaseS, renewable: held.renewable } }]
    if (path === 'auth/token/renew-self') return renew(token, held)
    if (path === 'sys/capabilities-self') return capabilities(namespace, held, body)
    if (path.startsWith('sys/internal/ui/mounts/')) return describe(namespace, held, path.slice('sys/internal/ui/mounts/'.length))
    if (held === root) {
      const administered = administer(namespace, method, path, body)
      if (administered) return administered
    }
    return inEngine(namespace, held, request)
  }

  function logIn(namespace: Namespace, { role_id, secret_id }: Body): Said {
    const role = [...namespace.roles.values()].find(({ roleId }) => roleId === role_id)
    if (!role?.secretIds.has(String(secret_id))) return [400, { errors: ['invalid role or secret ID'] }]
    return [200, { auth: issue(namespace, { policies: role.policies, leaseS: role.leaseS, renewable: true }) }]
  }

  /** Vault describes the engine that the path is in, to whoever may do anything in it. */
  function describe(namespace: Namespace, held: Token, path: string): Said {
    const [mount = ''] = path.split('/')
    const engine = namespace.engines.get(mount)
    const isAllowed =
      held === root || held.policies.some((name) => namespace.policies.get(name)?.some((rule) => rule.path.startsWith(`${mount}/`)))
    if (!engine || !isAllowed)
      return [
        403,
        { errors: [`preflight capability check returned 403, please ensure client's policies grant access to path "${mount}/"`] },
      ]
    return [200, { data: { type: 'kv', path: `${mount}/`, options: { version: engine.version } } }]
  }

  function capabilities(namespace: Namespace, held: Token, { paths }: Body): Said {
    const all = ['create', 'read', 'update', 'delete', 'list']
    const at = (path: string) => {
      const names = held === root ? ['root'] : all.filter((name) => namespace.allows(held, path, name))
      return [path, names.length === 0 ? ['deny'] : names] as const
    }
    return [200, { data: Object.fromEntries((paths as string[]).map(at)) }]
  }

  function inEngine(namespace: Namespace, held: Token, { method, path, body }: { method: string; path: string; body: Body }): Said {
    const [mount] = path.split('/')
    const engine = namespace.engines.get(mount ?? '')
    const capability = { GET: 'read', LIST: 'list', POST: 'create', DELETE: 'delete' }[method] ?? ''
    if (!namespace.allows(held, path, capability)) return denied
    if (!engine) return [404, { errors: [`no handler for route "${path}". route entry not found.`] }]
    return engine.kv.answer(method, path.slice(`${mount}/`.length), body)
  }

  function administer(namespace: Namespace, method: string, path: string, body: Body): Said | undefined {
    const [, kind, name = ''] = /^(sys\/mounts|sys\/auth|sys\/policies\/acl|sys\/namespaces)\/(.+)$/.exec(path) ?? []
    switch (kind) {
      case 'sys/mounts': {
        const { version = '1' } = (body['options'] ?? {}) as { version?: string }
        if (method === 'DELETE') namespace.engines.delete(name)
        else namespace.engines.set(name, { version, kv: version === '2' ? new KvVersion2() : new KvVersion1() })
        return [204]
      }
      case 'sys/auth':
        return [204]
      case 'sys/policies/acl':
        namespace.policies.set(name, rulesOf(String(body['policy'])))
        return [204]
      case 'sys/namespaces':
        namespaces.set(name, new Namespace())
        return [200, { data: { path: `${name}/` } }]
      case undefined:
      default:
        return ofTokens(namespace, method, path, body) ?? ofRoles(namespace, path, body)
    }
  }

  function ofTokens(namespace: Namespace, method: string, path: string, body: Body): Said | undefined {
    if (path === 'auth/token/revoke') return namespace.tokens.delete(String(body['token'])) ? [204] : [204]
    if (path !== 'auth/token/create' || method !== 'POST') return undefined
    const { policies = ['root'], ttl = '3600s', renewable = true } = body as { policies?: string[]; ttl?: string; renewable?: boolean }
    return [200, { auth: issue(namespace, { policies, leaseS: Number.parseInt(ttl, 10), renewable }) }]
  }

  function ofRoles(namespace: Namespace, path: string, body: Body): Said | undefined {
    const [, mount, name, act] = /^auth\/([^/]+)\/role\/([^/]+)(?:\/(role-id|secret-id))?$/.exec(path) ?? []
    if (name === undefined) return undefined
    const key = `${mount}/${name}`
    const role = namespace.roles.get(key)
    if (act === undefined) {
      const { token_policies = [], token_ttl = '3600s' } = body as { token_policies?: string[]; token_ttl?: string }
      const made = { roleId: randomUUID(), secretIds: new Set<string>(), policies: token_policies, leaseS: Number.parseInt(token_ttl, 10) }
      namespace.roles.set(key, made)
      return [204]
    }
    if (act === 'role-id') return [200, { data: { role_id: role?.roleId } }]
    const secretId = randomUUID()
    role?.secretIds.add(secretId)
    return [200, { data: { secret_id: secretId } }]
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rootToken,
    state,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const root: Token = { policies: ['root'], untilMs: Infinity, leaseS: 0, renewable: false }

function issue({ tokens }: Namespace, { policies, leaseS, renewable }: Omit<Token, 'untilMs'>) {
  const token = `fake-token-${randomUUID()}`
  tokens.set(token, { policies, leaseS, renewable, untilMs: Date.now() + leaseS * 1000 })
  return { client_token: token, lease_duration: leaseS, renewable }
}

function renew(token: string, held: Token): Said {
  if (!held.renewable) return [400, { errors: ['lease is not renewable'] }]
  held.untilMs = Date.now() + held.leaseS * 1000
  return [200, { auth: { client_token: token, lease_duration: held.leaseS, renewable: true } }]
}
