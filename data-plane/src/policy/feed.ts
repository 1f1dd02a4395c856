import { GatewayError } from '@bir/sdk/contract/errors'
import { heldQuery } from '@bir/sdk/contract/held'
import type { Ack } from '@bir/sdk/contract/internal'
import type { Policy } from '@bir/sdk/contract/policy'
import { SnapshotAnswer } from '@bir/sdk/contract/snapshot'
import type { Manifest, PublicJwk } from '@bir/sdk/contract/snapshot'
import type { Log } from '../runtime/log.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { assemble, nothingParsed } from './reading/assemble.ts'
import type { PolicyCache } from './cache.ts'
import { gather } from './reading/chunks.ts'
import type { FetchChunk } from './reading/chunks.ts'
import { ofRevision, refusePolicy, Unservable } from './reading/unservable.ts'
import { restrictToMounted, validatePolicy } from './validate.ts'
import { TimeSlice } from '../runtime/time-slice.ts'
import { verifyFresh, verifyManifest } from './verify-manifest.ts'
import type { PolicySource } from './source.ts'

const revisionTimeoutMs = 1_000

interface Options {
  manifestKey: PublicJwk
  mounted: ReadonlyMap<string, MountedServer>
  cache: PolicyCache
  log: Log
  /** Why this plane serves nobody; undefined while it serves. */
  refusal(): GatewayError | undefined
  fetchChunk: FetchChunk
  /** `held` says which policy of this number it is: the text of a query. */
  acknowledge(ack: Ack, held: string): Promise<void>
  /** Called when planes were added, changed or removed: the keys that they share may have been renewed. */
  planesChanged(): void
}

/** Holds the policy in force. A new one replaces it in one step, after all checks; one with a fault is rejected. */
export class PolicyFeed implements PolicySource {
  private readonly options: Options
  private policy: Policy | undefined
  private history: string | undefined
  private parsed = nothingParsed()
  private bytes: ReadonlyMap<string, Uint8Array> = new Map()
  private freshMs = 0
  private silent = false
  private readonly revisionWaits = new Map<number, Promise<boolean>>()
  private waiters: ((policy: Policy) => void)[] = []
  private readonly changeListeners = new Set<() => void>()
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

  /** Which policy it is that bears the number of the one in force, as the text of a query. */
  get heldQuery(): string {
    return heldQuery({ history: this.history, root: this.policy?.root })
  }

  refusal(): GatewayError | undefined {
    return this.options.refusal()
  }

  /** Tells all who follow the policy that `refusal` has changed. Without a policy there is nothing to end. */
  refusalChanged(): void {
    if (!this.policy) return
    for (const listener of this.changeListeners) listener()
  }

  freshAtMs(): number {
    return this.freshMs
  }

  isAway(): boolean {
    return this.silent
  }

  /** Whether the last request for a policy had an answer. False as soon as one is overdue. */
  heard(isAnswered: boolean): void {
    this.silent = !isAnswered
  }

  onChange(listener: () => void): () => void {
    this.changeListeners.add(listener)
    return () => this.changeListeners.delete(listener)
  }

  waitForRevision(revision: number): Promise<boolean> {
    if ((this.policy?.revision ?? 0) >= revision) return Promise.resolve(true)
    const wait = this.revisionWaits.get(revision) ?? this.awaitRevision(revision)
    this.revisionWaits.set(revision, wait)
    return wait
  }

  /** Restores the last good policy from disk. Resolves with false when no cached policy can be used. */
  async restore(): Promise<boolean> {
    for (const { slot = 0, manifest, fresh, chunks } of await this.cachedNewestFirst()) {
      try {
        await this.apply(manifest, async (name) => chunks.get(name) ?? Promise.reject(new Error(`chunk ${name} is not in the cache`)))
        this.options.cache.protect(slot)
        if (fresh !== undefined) await this.refresh(fresh)
        return true
      } catch (error) {
        this.options.log('warn', 'a cached policy cannot be used', { why: String(error) })
      }
    }
    return false
  }

  /** Applies the answer to a long poll. Rejects when it cannot be used; the policy in force then stays. */
  async answer(bytes: Buffer): Promise<void> {
    const answer = SnapshotAnswer.parse(JSON.parse(bytes.toString('utf8')))
    if ('fresh' in answer) {
      await this.refresh(answer.fresh)
      await this.options.cache.writeFresh(answer.fresh)
      return
    }
    await this.apply(answer.manifest, this.options.fetchChunk).catch((cause: unknown) => this.reject(cause))
    const { revision } = this.current()
    this.save(answer.manifest)
    await this.options.acknowledge({ revision }, this.heldQuery)
  }

  /** Resolves once the policy in force is on disk. */
  saved(): Promise<void> {
    return this.saving
  }

  private async cachedNewestFirst() {
    const policies = await Promise.all(
      this.options.cache.read().map(async (slot) => {
        const manifest = await verifyManifest(slot.manifest, this.options.manifestKey).catch(() => undefined)
        return manifest ? [{ ...slot, revision: manifest.value.revision }] : []
      }),
    )
    return policies.flat().sort((a, b) => b.revision - a.revision)
  }

  private async apply(jws: string, fetch: FetchChunk): Promise<void> {
    const { value: manifest, history } = await verifyManifest(jws, this.options.manifestKey)
    this.refuseOlder(manifest)

    const { policy, parsed, bytes } = await ofRevision(manifest.revision, () => this.read(manifest, fetch))
    const planesBefore = this.policy?.planes
    this.policy = this.restricted(policy)
    this.history = history
    this.parsed = parsed
    this.bytes = bytes
    this.freshMs = Math.max(this.freshMs, manifest.atMs)
    this.revisionWaits.clear()
    for (const waiter of this.waiters) waiter(this.policy)
    for (const listener of this.changeListeners) listener()
    if (JSON.stringify(planesBefore) !== JSON.stringify(policy.planes)) this.options.planesChanged()
    this.options.log('info', 'policy applied', { revision: manifest.revision })
  }

  /** A number never goes back, and never comes to mean another policy. */
  private refuseOlder({ revision, root }: Manifest): void {
    if (!this.policy || revision > this.policy.revision) return
    if (revision < this.policy.revision) throw new Error(`revision ${revision} is older than ${this.policy.revision}, which is held`)
    if (root !== this.policy.root) throw new Error(`another policy than the one that is held bears its number ${revision}`)
  }

  /** Reads and checks a policy beside the one in force. Rejects with `Unservable` when this plane cannot serve it. */
  private async read(manifest: Manifest, fetch: FetchChunk) {
    const slice = new TimeSlice()
    const gathered = await gather(manifest, { bytes: this.bytes, indexes: this.parsed.indexes }, fetch, slice)
    const { policy, parsed } = await assemble(manifest, gathered, this.parsed, slice).catch(refusePolicy)
    const approved = { servers: this.parsed.servers?.value, profiles: new Set(this.parsed.profiles.values()) }
    const faults = await validatePolicy(this.options.mounted, policy, approved, Date.now(), slice)
    if (faults.length > 0) throw new Unservable(faults)
    return { policy, parsed, bytes: gathered.bytes }
  }

  /** Tells the control plane why a policy cannot be served. If that is lost, the next poll gets it again. */
  private async reject(cause: unknown): Promise<never> {
    if (cause instanceof Unservable && cause.revision !== undefined)
      await this.options.acknowledge({ rejected: cause.revision, reasons: cause.reasons }, this.heldQuery).catch(() => undefined)
    throw cause
  }

  /** Unchanged servers were restricted before. Must run while `parsed` still belongs to the policy in force. */
  private restricted(policy: Policy): Policy {
    if (!this.policy || policy.servers !== this.parsed.servers?.value) return restrictToMounted(this.options.mounted, policy)
    return { ...policy, servers: this.policy.servers }
  }

  private async refresh(jws: string): Promise<void> {
    const { value, history } = await verifyFresh(jws, this.options.manifestKey)
    const { revision, atMs } = value
    // This statement is about a revision that we do not hold yet, so it must not reset staleness.
    if (revision > (this.policy?.revision ?? 0)) return
    // The number means another policy there.
    if (history !== undefined && this.history !== undefined && history !== this.history) return
    this.freshMs = Math.max(this.freshMs, atMs)
  }

  /** Writes one policy at a time. A policy that was replaced before its turn is not written. */
  private save(manifest: string): void {
    const { bytes } = this
    this.saving = this.saving
      .then(() => (bytes === this.bytes ? this.options.cache.write({ manifest, fresh: undefined, chunks: bytes }) : undefined))
      .catch((error: unknown) => this.options.log('error', 'the policy could not be kept on disk', { why: String(error) }))
  }

  private awaitRevision(revision: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (reached: boolean) => {
        clearTimeout(timer)
        this.waiters = this.waiters.filter((waiter) => waiter !== check)
        resolve(reached)
      }
      const check = (policy: Policy) => policy.revision >= revision && settle(true)
      const timer = setTimeout(() => settle(false), revisionTimeoutMs)
      this.waiters.push(check)
    })
  }
}
