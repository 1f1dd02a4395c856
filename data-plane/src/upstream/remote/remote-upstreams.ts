import { canonical } from '@bir/sdk/contract/canonical'
import type { Policy } from '@bir/sdk/contract/policy'
import { isPersonal } from '@bir/sdk/contract/remote'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import { hidingLog } from '../../secrets/hiding-log.ts'
import type { SecretsInUse } from '../../secrets/in-use.ts'
import type { CallerSecrets } from './caller-secrets.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { PersonalUpstream } from './personal-upstream.ts'
import { RemoteUpstream } from './remote-upstream.ts'
import type { Upstream, UpstreamHealth } from '../upstream.ts'
import type { RemoteServer } from '../http/connection.ts'

interface Held {
  readonly upstream: RemoteUpstream | PersonalUpstream
  /** The settings object it was last found equal to: a policy shares what did not change. */
  settings: RemoteServer['settings']
  readonly made: string
  readonly callTimeoutMs: number
}

/** Reads a secret of a server that is no person's. Rejects with `ToolError` `secret_missing`, or if nobody can say. */
export type ReadShared = (server: string, ref: SecretRef) => Promise<string>

type World = Pick<RemoteServer, 'log' | 'nodeId' | 'proxyFor'> & {
  readonly secrets: Pick<SecretsInUse, 'of'>
  readonly callerSecrets: CallerSecrets
  readonly readShared: ReadShared
}

/**
 * The remote servers of the policy in force, each made when first asked for and kept while its settings stay the same.
 */
export class RemoteUpstreams {
  private readonly world: World
  private readonly policy: () => Policy
  private readonly held = new Map<string, Held>()

  constructor(world: World, policy: () => Policy) {
    this.world = world
    this.policy = policy
  }

  /** Undefined for an id that is no remote server's. The same object until its settings change. */
  get(id: string): Upstream | undefined {
    const { servers, settings } = this.policy()
    const entry = servers.get(id)
    if (entry?.kind !== 'remote') return undefined
    const held = this.held.get(id)
    const { callTimeoutMs } = settings
    if (held && held.callTimeoutMs === callTimeoutMs && held.settings === entry.remote) return held.upstream
    return this.renewed(id, held, entry.remote, callTimeoutMs)
  }

  /** Each as this plane last found it, at the address it has now. */
  health(): { id: string; url: string; health: UpstreamHealth }[] {
    return [...this.held].map(([id, { upstream, settings }]) => ({ id, url: settings.url, health: upstream.health() }))
  }

  /**
   * Closes what the policy does not know any more, and has the secrets of the others read anew; called after every
   * change of it.
   */
  follow(): void {
    for (const [id, held] of this.held) {
      if (this.policy().servers.get(id)?.kind !== 'remote') this.retire(id, held)
      else this.get(id)
    }
    for (const { upstream } of this.held.values()) upstream.follow()
  }

  async close(): Promise<void> {
    const all = [...this.held.values()]
    this.held.clear()
    await Promise.all(all.map(({ upstream }) => upstream.close()))
  }

  private renewed(id: string, held: Held | undefined, settings: RemoteServer['settings'], callTimeoutMs: number): Upstream {
    const made = canonical(settings)
    if (held && held.made === made && held.callTimeoutMs === callTimeoutMs) {
      held.settings = settings
      return held.upstream
    }
    if (held) this.retire(id, held)
    const server = { id, settings, callTimeoutMs }
    const upstream = isPersonal(settings) ? this.openPersonal(server) : this.openShared(server)
    this.held.set(id, { upstream, settings, made, callTimeoutMs })
    return upstream
  }

  private openShared(server: Pick<RemoteServer, 'id' | 'settings' | 'callTimeoutMs'>): RemoteUpstream {
    const { log, nodeId, proxyFor, secrets, readShared } = this.world
    const ofServer = secrets.of(server.id)
    return new RemoteUpstream({
      ...server,
      log: hidingLog(log, ofServer),
      nodeId,
      proxyFor,
      readSecret: (ref) => readShared(server.id, ref),
      sentSecrets: ofServer,
    })
  }

  /** Whether the server is up is known of it once, by all who ask; nothing else is shared. */
  private openPersonal(server: Pick<RemoteServer, 'id' | 'settings' | 'callTimeoutMs'>): PersonalUpstream {
    const { log, nodeId, proxyFor, callerSecrets, readShared } = this.world
    const { id } = server
    const breaker = new CircuitBreaker()
    return new PersonalUpstream({
      id,
      secrets: callerSecrets,
      open(person, secret) {
        const inUse = callerSecrets.inUse(person, id)
        return new RemoteUpstream(
          {
            ...server,
            log: hidingLog(log, inUse),
            nodeId,
            proxyFor,
            isPersonal: true,
            readSecret: (ref) => (ref.of === 'person' ? callerSecrets.read(person, secret, ref) : readShared(id, ref)),
            sentSecrets: inUse,
          },
          { breaker },
        )
      },
    })
  }

  private retire(id: string, { upstream }: Held): void {
    this.held.delete(id)
    this.world.secrets.of(id).retire()
    upstream.close().catch((error: unknown) => this.world.log('warn', 'a server could not be let go', { server: id, why: String(error) }))
  }
}
