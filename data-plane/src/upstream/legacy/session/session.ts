import { setTimeout as delay } from 'node:timers/promises'
import { isObject } from '../../../json/is-object.ts'
import { isLegacy, LATEST_LEGACY } from '../../../protocol/versions.ts'
import type { LegacyVersion } from '../../../protocol/versions.ts'
import { Cancel } from '../../../runtime/cancellation.ts'
import { protocolFault, timeoutFault } from '../../faults.ts'
import type { ServerRequest } from '../messages/server-request.ts'
import { legacyBody } from '../messages/request-body.ts'
import { lost, isMissingHere, statusFault } from '../messages/status-fault.ts'
import { isLevel, isMoreVerbose } from '../../../protocol/log-level.ts'
import { readLegacy } from '../messages/message.ts'
import type { LegacyMessage } from '../messages/message.ts'
import { LegacyReply } from '../wire/reply.ts'
import { METHOD_NOT_FOUND, relayed } from '../messages/result.ts'
import type { LegacyWire, WireAnswer, WireHeaders } from '../wire/wire.ts'
import { UpstreamRpcError } from '../../upstream.ts'
import { messageOf } from '../../../protocol/notification.ts'
import type { ClientFacts, Notification } from '../../../protocol/notification.ts'

/** What the server said when it was initialized. */
export interface OpenSession {
  /** Undefined where the server keeps no sessions. */
  readonly sessionId: string | undefined
  readonly version: LegacyVersion
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>> | undefined
  readonly instructions: string | undefined
  readonly headers: WireHeaders
  /** As the server was last told. */
  logLevel: string | undefined
}

/** A request at work, that may be what a message on the session's own stream is about. */
export interface PendingRequest {
  /** False where the message is not for it. */
  offer(message: LegacyMessage): boolean
}

/** A session at a legacy server, opened when first needed and opened anew when the server has forgotten it. */
export class LegacySession {
  readonly wire: LegacyWire
  /** Requests at work and streams held; a session in use is not ended. */
  inUse = 0
  private opening: Promise<OpenSession> | undefined
  private unused: PromiseWithResolvers<void> | undefined
  usedAtMs = Date.now()
  readonly working = new Set<PendingRequest>()
  /** The server may say things on a stream of the session's own. */
  hasStream = false
  private readonly client: ClientFacts
  private live: Promise<OpenSession> | undefined
  private ids = 0
  private levels = Promise.resolve()

  constructor(wire: LegacyWire, client: ClientFacts) {
    this.wire = wire
    this.client = client
  }

  /** Ids are never used twice in a session, nor by two sessions in one. */
  nextId(): number {
    return ++this.ids
  }

  /** Nobody would miss it. */
  get isIdle(): boolean {
    return this.inUse === 0 && !this.opening
  }

  use(): void {
    this.inUse++
  }

  release(): void {
    this.inUse--
    this.usedAtMs = Date.now()
    if (this.inUse === 0) this.unused?.resolve()
  }

  /** In use until the work is done. */
  during<T>(work: () => Promise<T>): Promise<T> {
    this.use()
    return work().finally(() => this.release())
  }

  /** Resolves once nobody uses it, or it took too long. */
  async whenUnused(withinMs: number): Promise<void> {
    if (this.inUse === 0) return
    this.unused ??= Promise.withResolvers<void>()
    await Promise.race([this.unused.promise, delay(withinMs, undefined, { ref: false })])
  }

  open(): Promise<OpenSession> {
    if (this.live) return this.live
    const live = this.initialize()
    this.live = live
    this.opening = live
    const over = () => {
      if (this.opening === live) this.opening = undefined
      this.usedAtMs = Date.now()
    }
    live.then(over, () => {
      over()
      if (this.live === live) this.live = undefined
    })
    return live
  }

  /** The session as it stands, if it was ever opened. */
  opened(): Promise<OpenSession> | undefined {
    return this.live
  }

  /** A session in place of one the server no longer knows: the same for everybody who saw it go. */
  async renew(gone: OpenSession): Promise<OpenSession> {
    const current = await this.open()
    if (current !== gone) return current
    this.live = undefined
    return this.open()
  }

  /** Posts a request and gives back its answer, still to be read; with the session it went to, which may be a new one. */
  async post(body: string, cancel?: Cancel, keepLevel = true): Promise<{ live: OpenSession; reply: LegacyReply }> {
    const live = await this.open()
    const answer = await this.wire.post(body, live.headers, cancel)
    if (!isForgotten(live, answer)) return { live, reply: replyTo(this.wire, live.headers, answer) }
    const renewed = await this.renew(live)
    if (keepLevel && live.logLevel !== undefined) await this.wantLevel(live.logLevel)
    return { live: renewed, reply: replyTo(this.wire, renewed.headers, await this.wire.post(body, renewed.headers, cancel)) }
  }

  tell(live: OpenSession, notification: Notification): Promise<void> {
    return this.deliver(live, messageOf(notification))
  }

  /** The answer to something the server asked: `said` is a member `result` or `error` in JSON. The id is as the server wrote it. */
  answer(live: OpenSession, { source }: Pick<ServerRequest, 'source'>, said: string): Promise<void> {
    return this.deliver(live, `{"jsonrpc":"2.0","id":${source.memberJson('id')},${said}}`)
  }

  private async deliver(live: OpenSession, message: string): Promise<void> {
    const status = await this.send(live, message)
    if (status >= 300) throw statusFault(status, 'a message was not accepted')
  }

  /** A notification of the client's; false where the server does not want it. */
  async pass(live: OpenSession, message: string): Promise<boolean> {
    const status = await this.send(live, message)
    if (status < 300) return true
    if (status === 401 || status === 403 || status === 429 || status >= 500) throw statusFault(status, 'a notification was not accepted')
    return false
  }

  private async send(live: OpenSession, message: string): Promise<number> {
    const answer = await this.wire.send(message, live.headers)
    answer.stop()
    if (answer.status === 404 && live.sessionId !== undefined) throw lost('HTTP 404 to a message')
    return answer.status
  }

  /** Many servers ask, and log, on the session's own stream and say not for which request: the latest that can take it is meant. */
  offer(message: LegacyMessage): boolean {
    return [...this.working].reverse().some((working) => working.offer(message))
  }

  /** A request of the gateway's own, on which nobody can be asked anything back. */
  async call(method: string, params: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const id = this.nextId()
    const { controlTimeoutMs } = this.wire
    const late = new Cancel()
    const timer = setTimeout(() => late.abort(timeoutFault(controlTimeoutMs)), controlTimeoutMs).unref()
    try {
      // Setting the level is such a request itself, and must not wait for its own turn.
      const { live, reply } = await this.post(legacyBody({ id, method, params }), late, false)
      return await this.resultOf(reply, id, (ask) => this.answer(live, ask, unasked(ask.method)))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Has the server log at this level, if it logs at all. A lower one stays while others of the session may want it. */
  wantLevel(level: string): Promise<void> {
    this.levels = this.levels.then(() => this.setLevel(level))
    return this.levels
  }

  private async setLevel(level: string): Promise<void> {
    const live = await this.open().catch(() => undefined)
    if (!live || live.logLevel === level || !isLevel(level) || !('logging' in live.capabilities)) return
    if (live.logLevel !== undefined && this.inUse > 1 && isMoreVerbose(live.logLevel, level)) return
    live.logLevel = level
    // A server that refuses logs as it likes; what it logs is filtered here in any case.
    await this.call('logging/setLevel', { level }).catch(() => undefined)
  }

  async end(): Promise<void> {
    const live = await this.live?.catch(() => undefined)
    this.live = undefined
    if (live?.sessionId !== undefined) await this.wire.delete(live.headers)
  }

  private async initialize(): Promise<OpenSession> {
    const { tasks: _, ...capabilities } = this.client.capabilities
    const id = this.nextId()
    const clientInfo = this.client.info ?? { name: 'bir-mcp', version: '0' }
    const params = { protocolVersion: LATEST_LEGACY, capabilities, clientInfo }
    const answer = await this.wire.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params }), {})
    if (answer.status === 404 || answer.status === 405) throw isMissingHere(answer.status)
    const reply = replyTo(this.wire, {}, answer)
    const result = await this.resultOf(reply, id, () => Promise.resolve()).catch((error: unknown) => {
      // Nothing the caller asked for was refused: the server would not even begin.
      throw error instanceof UpstreamRpcError ? protocolFault(`initialize was refused: ${error.code}`) : error
    })
    const live = liveOf(result, answer.sessionId)
    await this.tell(live, { method: 'notifications/initialized' })
    return live
  }

  /** A server that never comes to the point would hold up everybody who waits for the session. */
  private async resultOf(reply: LegacyReply, id: number, refuse: (ask: ServerRequest) => Promise<void>): Promise<Record<string, unknown>> {
    const { controlTimeoutMs } = this.wire
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      late.reject(timeoutFault(controlTimeoutMs))
      reply.stop()
    }, controlTimeoutMs).unref()
    const read = this.readResult(reply, id, refuse)
    read.catch(() => undefined) // once it is late, it breaks
    return Promise.race([late.promise, read]).finally(() => clearTimeout(timer))
  }

  private async readResult(
    reply: LegacyReply,
    id: number,
    refuse: (ask: ServerRequest) => Promise<void>,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const batch = await reply.next()
      if (!batch) throw protocolFault('the answer ended without a result')
      for (const message of batch) {
        if (message.kind === 'request') await refuse(message).catch(() => undefined)
        if (message.kind === 'error' && (message.id === id || message.id === null)) throw relayed(message)
        if (message.kind !== 'result' || message.id !== id) continue
        reply.release()
        if (!isObject(message.value)) throw protocolFault('a result that is no object')
        return message.value
      }
    }
  }
}

/** What a server is answered that asks where there is nobody to ask. */
export const unasked = (method: string): string =>
  method === 'ping' ? '"result":{}' : `"error":${JSON.stringify({ code: METHOD_NOT_FOUND, message: 'Method not found' })}`

function liveOf(result: Record<string, unknown>, sessionId: string | undefined): OpenSession {
  const { protocolVersion, capabilities, serverInfo, instructions } = result
  if (!isLegacy(protocolVersion)) throw protocolFault('initialize was answered with a revision that was never offered')
  if (sessionId !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(sessionId))
    throw protocolFault('a session id of characters that may not be in one')
  return {
    sessionId,
    version: protocolVersion,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : undefined,
    instructions: typeof instructions === 'string' ? instructions : undefined,
    headers: { 'mcp-protocol-version': protocolVersion, ...(sessionId !== undefined && { 'mcp-session-id': sessionId }) },
    logLevel: undefined,
  }
}

/** 404 is the rule; servers made after the SDK's examples say 400 and that the session is not valid. */
const isForgotten = (live: OpenSession, { status, text }: WireAnswer): boolean =>
  live.sessionId !== undefined && (status === 404 || (status === 400 && /session/i.test(text) && !containsRpcError(text)))

function replyTo(wire: LegacyWire, headers: WireHeaders, answer: WireAnswer): LegacyReply {
  const { status, kind, text } = answer
  if (status === 200 && kind !== 'other') return new LegacyReply(wire, headers, answer)
  // An error about this very request, whatever it was sent with; one that names none only where the status says the request was wrong.
  if (kind === 'json' && (containsRpcError(text) || (status === 400 && containsRpcError(text, true))))
    return new LegacyReply(wire, headers, answer)
  answer.stop()
  throw statusFault(status, 'a request was not accepted')
}

function containsRpcError(text: string, nameless = false): boolean {
  try {
    return readLegacy(text).some((message) => message.kind === 'error' && (nameless || message.id !== null))
  } catch {
    return false
  }
}
