import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { SEALED_AUTHORIZATION_HEADER, sealAuthorization } from './sealed-authorization.ts'
import { requestDigest } from './signature.ts'
import type { SignForPeer } from './signature.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { HttpCall } from '../http/http-call.ts'
import type { Sender } from '../http/sender.ts'
import type { PolicySource } from '../policy/source.ts'
import type { OpenStreams } from '../sessions/open-streams.ts'
import { planeGuard } from '../upstream/http/connect/address.ts'
import { guardedConnector } from '../upstream/http/connect/guarded-connector.ts'

/** The header with the signature of the plane that forwarded the request. */
export const PEER_SIGNATURE_HEADER = 'bir-handed'

interface Options {
  node: string
  policy: PolicySource
  streams: Pick<OpenStreams, 'add'>
  sign: SignForPeer
  /** A home is taken for gone when its open stream sends nothing for so long, not even a sign of life. */
  silentMs?: number
}

type Plane = Policy['planes'][number]

interface Sending {
  from: IncomingMessage
  sender: Sender
  endpoint: Endpoint
  body: string
  signal: AbortSignal
}

/** The sender of what planes say to each other themselves. */
const nobody: Sender = { ip: '', userAgent: undefined }

const broadcastTimeoutMs = 2_000
const connectTimeoutMs = 5_000
/** Streams send a sign of life every 15 s. */
const defaultSilentMs = 60_000
/** The time that a home needs in addition to the call itself. */
const graceMs = 30_000

/** The headers of a request that its home needs. No otherPlanes are forwarded, except `Mcp-Param-*`. */
const forwardedHeaders = [
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

/** Forwards requests to the plane that holds their session, and passes its responses on as they arrive. */
export class Forwarder {
  private readonly options: Options
  private readonly agent: Agent

  constructor(options: Options) {
    this.options = options
    this.agent = new Agent({
      connections: 512,
      bodyTimeout: options.silentMs ?? defaultSilentMs,
      // A plane says itself where it is: a name may not lead to a service that is no plane.
      connect: guardedConnector(planeGuard, connectTimeoutMs),
    })
  }

  /** Throws `unknownSession` when the home is gone: the client then opens a new session. */
  async forward(node: string, { request: from, response, endpoint, sender, headers }: HttpCall, body: string): Promise<void> {
    const home = this.options.policy.current().planes.find(({ id }) => id === node)
    if (!home?.internalUrl || node === this.options.node) throw homeGone(node)
    const clientLeft = new AbortController()
    response.once('close', () => clientLeft.abort())
    const sending = { from, sender, endpoint, body, signal: clientLeft.signal }
    const answer = await this.send(home, home.internalUrl, sending).catch((cause: unknown) => {
      throw homeGone(node, cause)
    })
    response.writeHead(answer.statusCode, { ...headers, ...responseHeadersFor(answer.headers) })
    response.flushHeaders()
    if (from.method === 'GET') return this.passStream(answer.body, response)
    // When the client leaves or the home dies, the headers are sent already: no error can follow.
    await pipeline(answer.body, response).catch(() => response.destroy())
  }

  /** A stream that the home keeps open ends when this plane stops: the client opens it again at another. */
  private async passStream(body: Readable, response: ServerResponse): Promise<void> {
    let isOver = false
    const end = () => {
      isOver = true
      body.destroy()
    }
    const leave = this.options.streams.add({ abort: end })
    await pipeline(body, response, { end: false }).then(end, () => isOver || response.destroy())
    leave()
    if (isOver) response.end()
  }

  /** Sends a request to every other plane too. A plane that does not answer in time is left out. */
  async broadcast({ request: from, endpoint, sender }: HttpCall, body: string): Promise<void> {
    const otherPlanes = this.options.policy.current().planes.filter(({ id }) => id !== this.options.node)
    const signal = AbortSignal.timeout(broadcastTimeoutMs)
    await Promise.allSettled(
      otherPlanes.map(async (plane) => {
        if (!plane.internalUrl) return
        const answer = await this.send(plane, plane.internalUrl, { from, sender, endpoint, body, signal })
        await answer.body.dump()
      }),
    )
  }

  /** Posts a message of the planes' own protocol to another plane, and resolves with its answer. */
  async post(node: string, path: string, body: string, signal: AbortSignal): Promise<string> {
    const peer = this.options.policy.current().planes.find(({ id }) => id === node)
    if (!peer?.internalUrl) throw homeGone(node)
    const answer = await request(peer.internalUrl.replace(/\/$/, '') + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [PEER_SIGNATURE_HEADER]: await this.options.sign(node, requestDigest('POST', path, body), nobody),
      },
      body,
      dispatcher: this.agent,
      signal,
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`plane ${node} answered ${answer.statusCode}`)
    return text
  }

  private async send(
    { id, publicKey }: Plane,
    url: string,
    { from, sender, endpoint, body, signal }: Sending,
  ): Promise<Dispatcher.ResponseData> {
    const method = from.method ?? 'POST'
    const digest = requestDigest(method, endpoint.path, body)
    const signature = await this.options.sign(id, digest, sender)
    return request(url.replace(/\/$/, '') + endpoint.path, {
      method: method as 'POST',
      headers: { ...sealedFor(publicKey, digest, requestHeadersFor(from)), [PEER_SIGNATURE_HEADER]: signature },
      body: body === '' ? null : body,
      dispatcher: this.agent,
      // The home enforces the call's time limit. A home that has not answered by then is gone.
      headersTimeout: maxCallMs(this.options.policy.current()) + graceMs,
      signal,
    })
  }

  close(): Promise<void> {
    return this.agent.destroy()
  }
}

/** The longest time that the policy allows any server for a call. */
function maxCallMs({ settings, servers }: Policy): number {
  const limits = [...servers.values()].map((server) => (server.kind === 'remote' ? (server.remote.callTimeoutMs ?? 0) : 0))
  return Math.max(settings.callTimeoutMs, ...limits)
}

const homeGone = (node: string, cause?: unknown) =>
  new GatewayError('unknownSession', `plane ${node}, the home of this, is gone`, { reason: 'home-gone', cause })

function requestHeadersFor({ headers }: IncomingMessage): Record<string, string> {
  const params = Object.keys(headers).filter((name) => name.startsWith('mcp-param-'))
  return Object.fromEntries(
    [...forwardedHeaders, ...params].flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
  )
}

/** The token is sealed to the plane. A plane of an earlier version, which opens no box, gets it as it is. */
function sealedFor({ sealingKey }: Plane['publicKey'], digest: string, headers: Record<string, string>): Record<string, string> {
  const { authorization, ...others } = headers
  if (!sealingKey || authorization === undefined) return headers
  return { ...others, [SEALED_AUTHORIZATION_HEADER]: sealAuthorization(sealingKey, digest, authorization) }
}

/** The headers of the home's response that the client needs. */
function responseHeadersFor(headers: Record<string, string | string[] | undefined>): Record<string, string> {
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
