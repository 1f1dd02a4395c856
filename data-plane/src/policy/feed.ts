import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ack } from '@bir/sdk/contract/internal'
import type { Policy } from '@bir/sdk/contract/policy'
import { SnapshotAnswer } from '@bir/sdk/contract/snapshot'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import type { Log } from '../runtime/log.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { assemble, nothingParsed } from './assemble.ts'
import type { PolicyCache } from './cache.ts'
import { gather } from './chunks.ts'
import type { FetchChunk } from './chunks.ts'
import { restrictToMounted, validatePolicy } from './validate.ts'
import { TimeSlice } from '../runtime/time-slice.ts'
import { verifyFresh, verifyManifest } from './verify-manifest.ts'
import type { PolicySource } from './source.ts'

const reachMs = 1_000

interface Options {
  manifestKey: PublicJwk
  mounted: ReadonlyMap<string, MountedServer>
  cache: PolicyCache
  log: Log
  fetchChunk: FetchChunk
  acknowledge(ack: Ack): Promise<void>
  /** Planes came or went: what they share may have been renewed. */
  planesChanged(): void
}

/** Holds the policy in force. A new one replaces it in one step, after everything about it has been checked; any fault keeps the old. */
export class PolicyFeed implements PolicySource {
  private readonly options: Options
  private policy: Policy | undefined
  private parsed = nothingParsed()
  private bytes: ReadonlyMap<string, Uint8Array> = new Map()
  private freshMs = 0
  private reaching = new Map<number, Promise<boolean>>()
  private waiters: ((policy: Policy) => void)[] = []
  private readonly followers = new Set<() => void>()
  private saving: Promise<void> = Promise.resolve()

  constructor(options: Options) {
    this.options = options
  }

  current(): Policy {
    if (this.policy) return this.policy
    throw new GatewayError('unavailable', 'no policy yet', { reason: 'no-policy' })
  }

  get held(): Policy | undefined {
    return this.policy
  }

  freshAtMs(): number {
    return this.freshMs
  }

  onChange(changed: () => void): () => void {
    this.followers.add(changed)
    return () => this.followers.delete(changed)
  }

  waitForRevision(revision: number): Promise<boolean> {
    if ((this.policy?.revision ?? 0) >= revision) return Promise.resolve(true)
    const known = this.reaching.get(revision) ?? this.awaitRevision(revision)
    this.reaching.set(revision, known)
    return known
  }

  /** Takes up the last good policy from disk. False when there is none that is whole. */
  async restore(): Promise<boolean> {
    for (const { slot = 0, manifest, fresh, chunks } of await this.newestFirst()) {
      try {
        await this.take(manifest, async (name) => chunks.get(name) ?? Promise.reject(new Error(`chunk ${name} is not in the cache`)))
        this.options.cache.keep(slot)
        if (fresh !== undefined) await this.refresh(fresh)
        return true
      } catch (error) {
        this.options.log('warn', 'a cached policy cannot be used', { why: String(error) })
      }
    }
    return false
  }

  /** What a long-poll answered. Throws when it cannot be taken; the policy in force stays. */
  async answer(bytes: Buffer): Promise<void> {
    const answer = SnapshotAnswer.parse(JSON.parse(bytes.toString('utf8')))
    if ('fresh' in answer) {
      await this.refresh(answer.fresh)
      await this.options.cache.writeFresh(answer.fresh)
      return
    }
    await this.take(answer.manifest, this.options.fetchChunk)
    const { revision } = this.current()
    this.save(answer.manifest)
    await this.options.acknowledge({ revision })
  }

  /** Resolves once the policy in force is on disk. */
  saved(): Promise<void> {
    return this.saving
  }

  private async newestFirst() {
    const kept = await Promise.all(
      this.options.cache.read().map(async (slot) => {
        const manifest = await verifyManifest(slot.manifest, this.options.manifestKey).catch(() => undefined)
        return manifest ? [{ ...slot, revision: manifest.revision }] : []
      }),
    )
    return kept.flat().sort((a, b) => b.revision - a.revision)
  }

  private async take(jws: string, fetch: FetchChunk): Promise<void> {
    const manifest = await verifyManifest(jws, this.options.manifestKey)
    const held = this.policy?.revision ?? 0
    if (manifest.revision < held) throw new Error(`revision ${manifest.revision} is older than ${held}, which is held`)

    const turn = new TimeSlice()
    const gathered = await gather(manifest, { bytes: this.bytes, indexes: this.parsed.indexes }, fetch, turn)
    const { policy, parsed } = await assemble(manifest, gathered, this.parsed, turn)
    const approved = { servers: this.parsed.servers?.value, profiles: new Set(this.parsed.profiles.values()) }
    const faults = await validatePolicy(this.options.mounted, policy, approved, Date.now(), turn)
    if (faults.length > 0) {
      await this.options.acknowledge({ rejected: manifest.revision, reasons: faults }).catch(() => undefined) // it is asked again anyway
      throw new Error(`revision ${manifest.revision} cannot be served: ${faults.join('; ')}`)
    }
    const planesBefore = this.policy?.planes
    this.policy = this.fitted(policy)
    this.parsed = parsed
    this.bytes = gathered.bytes
    this.freshMs = Math.max(this.freshMs, manifest.atMs)
    this.reaching.clear()
    for (const waiter of this.waiters) waiter(this.policy)
    for (const changed of this.followers) changed()
    if (JSON.stringify(planesBefore) !== JSON.stringify(policy.planes)) this.options.planesChanged()
    this.options.log('info', 'policy applied', { revision: manifest.revision })
  }

  /** Servers that stayed as they are were fitted before. Asked while `parsed` is still that of the policy in force. */
  private fitted(policy: Policy): Policy {
    if (!this.policy || policy.servers !== this.parsed.servers?.value) return restrictToMounted(this.options.mounted, policy)
    return { ...policy, servers: this.policy.servers }
  }

  private async refresh(jws: string): Promise<void> {
    const { revision, atMs } = await verifyFresh(jws, this.options.manifestKey)
    // Said of a newer policy, it tells that the one held is old, not that it is fresh.
    if (revision > (this.policy?.revision ?? 0)) return
    this.freshMs = Math.max(this.freshMs, atMs)
  }

  /** One write at a time, always of the newest. */
  private save(manifest: string): void {
    const { bytes } = this
    this.saving = this.saving
      .then(() => (bytes === this.bytes ? this.options.cache.write({ manifest, fresh: undefined, chunks: bytes }) : undefined))
      .catch((error: unknown) => this.options.log('error', 'the policy could not be kept on disk', { why: String(error) }))
  }

  private awaitRevision(revision: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (reached: boolean) => {
        clearTimeout(timer)
        this.waiters = this.waiters.filter((waiter) => waiter !== look)
        resolve(reached)
      }
      const look = (policy: Policy) => policy.revision >= revision && done(true)
      const timer = setTimeout(() => done(false), reachMs)
      this.waiters.push(look)
    })
  }
}
