import { ToolError } from '@bir/sdk/contract/errors'
import type { Notification } from '../../protocol/notification.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import type { DropReason } from '../dropped.ts'
import { CredentialFault, letGoFault, UnaskedFault } from '../faults.ts'
import type {
  Asker,
  Description,
  Listening,
  ListenRequest,
  Upstream,
  UpstreamHealth,
  UpstreamRequest,
  UpstreamResult,
} from '../upstream.ts'
import { secretKey } from './caller-secrets.ts'
import type { CallerSecret, CallerSecrets } from './caller-secrets.ts'
import { healthOfAll } from './health-of-all.ts'
import type { RemoteUpstream } from './remote-upstream.ts'

export interface PersonalLimits {
  /** So many people may have connections at once. */
  readonly maxPeople: number
  /** Connections that a person did not use for this time are closed. Longer than a server waits for a client. */
  readonly idleMs: number
}

const defaultLimits: PersonalLimits = { maxPeople: 2000, idleMs: 10 * 60_000 }

interface Held {
  readonly upstream: RemoteUpstream
  readonly secret: CallerSecret
  readonly key: string
  /** Requests and streams under way. */
  uses: number
  usedMs: number
}

interface Options {
  readonly id: string
  readonly secrets: CallerSecrets
  /** Makes the way to the server with the credential of one person. */
  open(person: string, secret: CallerSecret): RemoteUpstream
}

/**
 * A remote server that is sent a secret of each person. Everything between the gateway and the server belongs to one
 * person and one version of their secret: connections, the verdict on the era, descriptions, sessions, subscriptions,
 * streams, what is parked, what is retried. So nothing of it can cross, whatever the server does, and a secret that is
 * replaced leaves nothing behind that was opened with it.
 */
export class PersonalUpstream implements Upstream {
  private readonly options: Options
  private readonly limits: PersonalLimits
  /** By person, the least recently used first. */
  private readonly held = new Map<string, Held>()
  private readonly sweepTimer: NodeJS.Timeout
  private isClosed = false

  constructor(options: Options, limits: Partial<PersonalLimits> = {}) {
    this.options = options
    this.limits = { ...defaultLimits, ...limits }
    this.sweepTimer = setInterval(() => this.sweep(), Math.max(10, this.limits.idleMs / 5)).unref()
  }

  request(request: UpstreamRequest): Promise<UpstreamResult> {
    return this.during(request, ({ upstream }) => upstream.request(request))
  }

  describe(asker: Asker): Promise<Description> {
    return this.during(asker, ({ upstream }) => upstream.describe(asker))
  }

  async listen(request: ListenRequest): Promise<Listening> {
    const held = this.for(request)
    const release = this.use(held)
    const stopWaiting = request.cancel.subscribe(release)
    const onEnd = (error?: Error) => {
      stopWaiting()
      release()
      request.onEnd(error && this.faultOf(held, error))
    }
    try {
      return await held.upstream.listen({ ...request, onEnd })
    } catch (error) {
      stopWaiting()
      release()
      throw this.faultOf(held, error)
    }
  }

  notify(asker: Asker, notification: Notification): Promise<DropReason | undefined> {
    return this.during(asker, ({ upstream }) => upstream.notify(asker, notification))
  }

  async endSession(asker: Asker): Promise<void> {
    await this.held.get(asker.person)?.upstream.endSession(asker)
  }

  health(): UpstreamHealth {
    return healthOfAll([...this.held.values()].map(({ upstream }) => upstream.health()))
  }

  /** Closes what was opened with secrets that are not in use any more; called after every change of the policy. */
  follow(): void {
    for (const [person, held] of this.held) {
      if (this.keyOf(person) === held.key) held.upstream.follow()
      else this.drop(person, held)
    }
  }

  /** Opens nothing any more: a call that found it before must not take a newer secret to the address of then. */
  async close(): Promise<void> {
    this.isClosed = true
    clearInterval(this.sweepTimer)
    const all = [...this.held.values()]
    this.held.clear()
    await Promise.all(all.map(({ upstream }) => upstream.close()))
  }

  private async during<T>(asker: Asker, ask: (held: Held) => T | Promise<T>): Promise<T> {
    const held = this.for(asker)
    const release = this.use(held)
    try {
      return await ask(held)
    } catch (error) {
      throw this.faultOf(held, error)
    } finally {
      release()
    }
  }

  /** Throws `ToolError` where the person has no secret to use. */
  private for({ person }: Asker): Held {
    if (this.isClosed) throw letGoFault()
    const secret = this.options.secrets.of(person, this.options.id)
    const key = secretKey(secret)
    const known = this.held.get(person)
    if (known && known.key !== key) this.drop(person, known)
    const held = known?.key === key ? known : this.open(person, secret, key)
    // Moves it to the end: the first is the least recently used one.
    this.held.delete(person)
    this.held.set(person, held)
    return held
  }

  private open(person: string, secret: CallerSecret, key: string): Held {
    if (this.held.size >= this.limits.maxPeople) this.makeRoom()
    return { upstream: this.options.open(person, secret), secret, key, uses: 0, usedMs: performance.now() }
  }

  private use(held: Held): () => void {
    held.uses++
    let isUsed = true
    return () => {
      if (isUsed) held.uses--
      isUsed = false
      held.usedMs = performance.now()
    }
  }

  private keyOf(person: string): string | undefined {
    try {
      return secretKey(this.options.secrets.of(person, this.options.id))
    } catch {
      return undefined
    }
  }

  /** The credential is the person's, so a refusal of it is theirs to mend. */
  private faultOf(held: Held, error: unknown): Error {
    if (!(error instanceof CredentialFault)) return error as Error
    const hint = this.options.secrets.hint(this.options.id)
    if (error.status === 403)
      return new ToolError('scope_missing', 'The MCP server does not allow this with your secret.', {
        hint: `It may need more rights. ${hint}`,
        cause: error,
      })
    this.options.secrets.refused(held.secret)
    return new ToolError('secret_invalid', 'The MCP server does not accept your secret.', { hint, cause: error })
  }

  private makeRoom(): void {
    for (const [person, held] of this.held) if (held.uses === 0) return this.drop(person, held)
    throw new UnaskedFault('rate_limited', 'Too many people use the MCP server at once.', { retryable: true, hint: 'Try again later.' })
  }

  private sweep(): void {
    const idleSinceMs = performance.now() - this.limits.idleMs
    for (const [person, held] of this.held) if (held.uses === 0 && held.usedMs < idleSinceMs) this.drop(person, held)
  }

  private drop(person: string, held: Held): void {
    this.held.delete(person)
    unawaited(held.upstream.close())
  }
}
