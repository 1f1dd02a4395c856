import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { requestDigest } from './signature.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { HttpCall } from '../http/http-call.ts'
import { senderOf } from '../http/sender.ts'
import type { PolicySource } from '../policy/source.ts'

/** Carries the proof that a plane of ours handed the request on. */
export const PEER_SIGNATURE_HEADER = 'bir-handed'

interface Options {
  node: string
  policy: PolicySource
  sign(to: string, digest: string, ip: string): string
  /** A home whose open stream says nothing for so long, not even that it is there, is taken for gone. */
  silentMs?: number
}

interface Sending {
  from: IncomingMessage
  endpoint: Endpoint
  body: string
  signal: AbortSignal
}

const toldWithinMs = 2_000
/** Streams carry a sign of life every 15 s. */
const usualSilentMs = 60_000
/** What a home needs beside the call itself. */
const graceMs = 30_000

/** What of a request its home needs to see; nothing else travels. */
const carried = [
  'authorization',
  'content-type',
  'accept',
  'user-agent',
  'traceparent',
  'last-event-id',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
]

/** Hands requests to the plane that holds what they need, and its answer back, live. */
export class Forwarder {
  private readonly options: Options
  private readonly agent: Agent

  constructor(options: Options) {
    this.options = options
    this.agent = new Agent({ connections: 512, bodyTimeout: options.silentMs ?? usualSilentMs })
  }

  /** Throws `unknownSession` when the home is gone: the client begins anew. */
  async forward(node: string, { request: from, response, endpoint, headers }: HttpCall, body: string): Promise<void> {
    const home = this.options.policy.current().planes.find(({ id }) => id === node)
    if (!home?.internalUrl || node === this.options.node) throw gone(node)
    const left = new AbortController()
    response.once('close', () => left.abort())
    const answer = await this.send(node, home.internalUrl, { from, endpoint, body, signal: left.signal }).catch((cause: unknown) => {
      throw gone(node, cause)
    })
    response.writeHead(answer.statusCode, { ...headers, ...given(answer.headers) })
    response.flushHeaders()
    await pipeline(answer.body, response).catch(() => response.destroy()) // the client left, or the home died: nothing more can be said
  }

  /** Tells every other plane what this one was told. One that cannot be reached in time is left out. */
  async broadcast({ request: from, endpoint }: HttpCall, body: string): Promise<void> {
    const others = this.options.policy.current().planes.filter(({ id }) => id !== this.options.node)
    const signal = AbortSignal.timeout(toldWithinMs)
    await Promise.allSettled(
      others.map(async ({ id, internalUrl }) => {
        if (!internalUrl) return
        const answer = await this.send(id, internalUrl, { from, endpoint, body, signal })
        await answer.body.dump()
      }),
    )
  }

  /** Says something of the planes' own to another, and resolves with its answer. */
  async post(node: string, path: string, body: string, signal: AbortSignal): Promise<string> {
    const other = this.options.policy.current().planes.find(({ id }) => id === node)
    if (!other?.internalUrl) throw gone(node)
    const answer = await request(other.internalUrl.replace(/\/$/, '') + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [PEER_SIGNATURE_HEADER]: this.options.sign(node, requestDigest('POST', path, body), ''),
      },
      body,
      dispatcher: this.agent,
      signal,
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`plane ${node} answered ${answer.statusCode}`)
    return text
  }

  private send(node: string, url: string, { from, endpoint, body, signal }: Sending): Promise<Dispatcher.ResponseData> {
    const method = from.method ?? 'POST'
    const proof = this.options.sign(node, requestDigest(method, endpoint.path, body), senderOf(from).ip)
    return request(url.replace(/\/$/, '') + endpoint.path, {
      method: method as 'POST',
      headers: { ...picked(from), [PEER_SIGNATURE_HEADER]: proof },
      body: body === '' ? null : body,
      dispatcher: this.agent,
      // The home holds the call to its time limit; one that does not answer after it is not there any more.
      headersTimeout: maxCallMs(this.options.policy.current()) + graceMs,
      signal,
    })
  }

  close(): Promise<void> {
    return this.agent.destroy()
  }
}

/** By the policy: no server may take longer for a call. */
function maxCallMs({ settings, servers }: Policy): number {
  const limits = [...servers.values()].map((server) => (server.kind === 'remote' ? (server.remote.callTimeoutMs ?? 0) : 0))
  return Math.max(settings.callTimeoutMs, ...limits)
}

const gone = (node: string, cause?: unknown) =>
  new GatewayError('unknownSession', `plane ${node}, the home of this, is gone`, { reason: 'home-gone', cause })

function picked({ headers }: IncomingMessage): Record<string, string> {
  const params = Object.keys(headers).filter((name) => name.startsWith('mcp-param-'))
  return Object.fromEntries([...carried, ...params].flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])))
}

/** What of the home's answer the client needs to see. */
function given(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const names = [
    'content-type',
    'cache-control',
    'mcp-session-id',
    'retry-after',
    'www-authenticate',
    'x-accel-buffering',
    'content-length',
  ]
  return Object.fromEntries(names.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])))
}
