import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defineServer } from '@bir/data-plane/server-kit/define'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { z } from 'zod'
import { aCatalog, aControlPlane, aServer } from '../testing.ts'

/** A token that nobody has: made when it is asked for. */
export const aToken = (): string => `fake-${randomBytes(16).toString('hex')}`

interface Account {
  login: string
  email?: string
  scopes?: string[]
  expiresAtMs?: number
}

/** How the service answers whatever token it is given. */
type Mood = 'well' | 'html' | 'reset' | 'silent' | 'failing' | 'busy' | 'echoing'

/**
 * A stand-in of a service that people have tokens for: `GET /user` with the header `private-token` answers 200 with the
 * account, 401, or 401 with `expired`. It counts what it was asked.
 */
async function aService() {
  const accounts = new Map<string, Account | 'expired'>()
  const state = { mood: 'well' as Mood, asked: 0, tokens: [] as string[] }
  let gate: { left: number; open: () => void; opened: Promise<void> } | undefined
  const server = createServer((request, response) => {
    state.asked++
    if (gate && --gate.left === 0) gate.open()
    if (gate)
      gate.opened.then(
        () => answer(request, response),
        () => undefined,
      )
    else answer(request, response)
  })
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const token = String(request.headers['private-token'])
    state.tokens.push(token)
    if (state.mood === 'reset') return void request.socket.destroy()
    if (state.mood === 'silent') return
    if (state.mood === 'html') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>')
    if (state.mood === 'failing') return void response.writeHead(500).end(`{"error":"no"}`)
    if (state.mood === 'busy') return void response.writeHead(429, { 'retry-after': '7' }).end('{}')
    const account = accounts.get(token)
    if (state.mood === 'echoing' || account === undefined)
      return void response.writeHead(401).end(JSON.stringify({ error: `${token} is not known` }))
    if (account === 'expired') return void response.writeHead(401).end('{"error":"expired"}')
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(account))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  /** Answers nobody until so many have asked. */
  const holdUntilAsked = (left: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = { left, open: resolve, opened: promise }
    return promise
  }
  return { url, state, accounts, holdUntilAsked, [Symbol.asyncDispose]: stop }
}

const Settings = z.strictObject({ url: z.url() })

/** A mounted server `vcs` that needs a token of everyone, and may use a second field. It asks such a service. */
const vcs = defineServer({
  id: 'vcs',
  title: 'VCS',
  settings: Settings,
  secret: {
    fields: {
      token: { title: 'Access token', help: 'Make one in your profile.' },
      key: { title: 'Signing key', lines: true, optional: true },
    },
    scopes: { read: ['read_api'], write: ['api'] },
    createAt: ({ url }) => `${url}/tokens`,
    audience: ({ url }) => new URL(url).origin,
    prove: async ({ url }, { token }, { signal }) => verdictOf(url, token, signal),
  },
}).with()

async function verdictOf(url: string, token: string, signal: AbortSignal): Promise<SecretVerdict> {
  if (token.startsWith('other-')) return { verdict: 'wrong_kind', says: 'This is a token of another system.' }
  if (token.startsWith('throws-')) throw new Error(`cannot send ${token}`)
  try {
    const response = await fetch(`${url}/user`, { headers: { 'private-token': token }, signal, redirect: 'error' })
    return await read(response)
  } catch {
    return { verdict: 'unreachable', says: 'The service does not answer.' }
  }
}

async function read(response: Response): Promise<SecretVerdict> {
  if (response.status === 429)
    return { verdict: 'rate_limited', says: 'The service wants fewer requests.', retryAfterS: Number(response.headers.get('retry-after')) }
  if (response.status >= 500) return { verdict: 'service_error', says: 'The service failed.' }
  const text = await response.text()
  if (text.startsWith('<')) return { verdict: 'service_error', says: 'The service answered with a page and not with JSON.' }
  const { login, email, scopes = [], expiresAtMs, error } = JSON.parse(text) as Account & { error?: string }
  if (error !== undefined) return { verdict: error === 'expired' ? 'expired' : 'invalid', says: `The service says: ${error}.` }
  const owner = { login, ...(email !== undefined && { email }) }
  const facts = { owner, scopes, ...(expiresAtMs !== undefined && { expiresAtMs }) }
  if (!scopes.includes('read_api') && !scopes.includes('api'))
    return { verdict: 'insufficient_scope', says: 'It lacks read_api.', missing: ['read_api'], ...facts }
  const excess = scopes.filter((scope) => scope === 'admin')
  return { verdict: 'ok', says: 'It is good.', level: scopes.includes('api') ? 'write' : 'read', excess, ...facts }
}

/** A control plane with the server `vcs`, and alice, who may use it. */
export async function aSecretWorld() {
  const service = await aService()
  const control = await aControlPlane()
  control.ctx.catalog = new Map([...aCatalog, ['vcs', vcs], ['plain', aServer('plain', { look: 'read' })]])
  await control.aPerson('alice')
  await control.aPerson('bob')
  await control.applied({
    servers: { vcs: { kind: 'mounted', settings: { url: service.url } }, plain: { kind: 'mounted' } },
    groups: { staff: { members: ['alice'] } },
    grants: [
      { user: 'alice', server: 'vcs', level: 'write' },
      { user: 'alice', server: 'plain', level: 'read' },
    ],
  })
  const alice = await control.as('alice')
  const bob = await control.as('bob')
  /** A token that the service takes. */
  const good = (account: Partial<Account> = {}) => {
    const token = aToken()
    service.accounts.set(token, { login: 'alice', scopes: ['read_api'], ...account })
    return token
  }
  const dispose = async () => {
    await control[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  }
  return { ...control, service, alice, bob, good, [Symbol.asyncDispose]: dispose }
}
