import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { Settings } from '@bir/sdk/contract/settings'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { Log } from '../runtime/log.ts'
import { secretHint } from './hint.ts'
import { StoreUnavailable } from './reader.ts'
import type { SecretReader } from './reader.ts'

/** More than this are not held; those that were not used for longest go first. */
const defaultMax = { leases: 10_000, chars: 32 * 1024 * 1024 }
/** While the store does not answer, it is asked for one secret at most so often. */
const againAfterMs = 1000
/** A value that a service refused is read anew once in so long: the store may have had a newer one. */
const readAnewEveryMs = 60_000
/** A store that is away is tried again so often, also when nobody calls. */
const sweepEveryMs = 10_000

/** The secret with which a call is made. */
export interface InjectedSecret {
  readonly place: SecretPlace
  readonly version: number
  /** The values. Never for an answer, an error or a log. */
  readonly fields: SecretFields
}

/** A secret that is held for calls. */
interface Lease {
  readonly place: SecretPlace
  readonly version: number
  /** Undefined while it is read for the first time. */
  fields: SecretFields | undefined
  /** When the store gave it last. */
  readAtMs: number
  /** It is read again in the background from this moment on. */
  renewAtMs: number
  readAnewAtMs: number
  reading: Promise<SecretFields> | undefined
  isUsed: boolean
}

interface LeasesOptions {
  readonly reader: SecretReader
  times(): Pick<Settings, 'secretCacheMs' | 'secretLeaseMs'>
  readonly log: Log
  /** Asked when the store has no value for a secret: whether it is lost, or was changed a moment ago. */
  isGone?(place: SecretPlace, version: number): Promise<boolean>
  readonly portalUrl?: string | undefined
  nowMs?(): number
  readonly max?: typeof defaultMax
}

/** How reading secrets goes, for `/health`. Moments are in milliseconds since 1970. */
export interface SecretReading {
  /** How many secrets are held. */
  readonly leases: number
  readonly lastReadAtMs: number | undefined
  /** Since when the store does not answer; undefined while it does. */
  readonly awaySinceMs: number | undefined
}

/**
 * The secrets that calls are made with, in memory alone. One that is held is given at once. It is read again in the
 * background after `secretCacheMs`, and outlives a store that is away until `secretLeaseMs` after it was read last.
 * Each is held for one holder, server and version, and given for no other.
 */
export class SecretLeases {
  private readonly reader: SecretReader
  private readonly times: LeasesOptions['times']
  private readonly log: Log
  private readonly isGone: NonNullable<LeasesOptions['isGone']>
  private readonly portalUrl: string | undefined
  private readonly nowMs: () => number
  private readonly max: typeof defaultMax
  /** By holder, then by server: two steps, so that finding one makes no string. */
  private readonly people = new Map<string, Map<string, Lease>>()
  private readonly groups = new Map<string, Map<string, Lease>>()
  private readonly shared = new Map<string, Lease>()
  /** All of them, those that were added or used longest ago first. */
  private readonly all = new Set<Lease>()
  private chars = 0
  private lastReadAtMs: number | undefined
  private awaySinceMs: number | undefined
  private readonly sweeper: NodeJS.Timeout

  constructor({ reader, times, log, isGone = async () => false, portalUrl, nowMs = () => Date.now(), max = defaultMax }: LeasesOptions) {
    this.reader = reader
    this.times = times
    this.log = log
    this.isGone = isGone
    this.portalUrl = portalUrl
    this.nowMs = nowMs
    this.max = max
    this.sweeper = setInterval(() => this.sweep(), sweepEveryMs).unref()
  }

  /**
   * The values by field. Throws, or rejects with, `ToolError` `secret_missing` when the store has none in this version,
   * and `StoreUnavailable` when nobody can say.
   */
  get(place: SecretPlace, version: number): Awaitable<SecretFields> {
    const lease = this.find(place)
    if (lease?.version !== version) return this.readFirst(place, version, lease)
    const { fields } = lease
    if (fields === undefined) return lease.reading ?? this.read(lease)
    const nowMs = this.nowMs()
    const { secretLeaseMs } = this.times()
    if (nowMs - lease.readAtMs > secretLeaseMs) return this.afterEnd(lease)
    lease.isUsed = true
    if (nowMs >= lease.renewAtMs) this.renew(lease)
    return fields
  }

  /** The service refused these values: what the store has now, which may be the same. */
  async refused(place: SecretPlace, version: number, fields: SecretFields): Promise<SecretFields> {
    const lease = this.find(place)
    if (lease?.version !== version || lease.fields !== fields) return this.get(place, version)
    if (lease.reading) return lease.reading
    const nowMs = this.nowMs()
    if (nowMs - lease.readAnewAtMs < readAnewEveryMs) return fields
    lease.readAnewAtMs = nowMs
    return this.read(lease)
  }

  /** Forgets every secret for which `isHeld` says no. What is being read for one is not kept either. */
  keepOnly(isHeld: (place: SecretPlace, version: number) => boolean): void {
    for (const lease of this.all) if (!isHeld(lease.place, lease.version)) this.drop(lease)
  }

  get health(): SecretReading {
    const { lastReadAtMs, awaySinceMs } = this
    return { leases: this.all.size, lastReadAtMs, awaySinceMs }
  }

  async close(): Promise<void> {
    clearInterval(this.sweeper)
    this.keepOnly(() => false)
    await this.reader.close()
  }

  private find({ holder, server }: SecretPlace): Lease | undefined {
    switch (holder.kind) {
      case 'person':
        return this.people.get(holder.id)?.get(server)
      case 'group':
        return this.groups.get(holder.id)?.get(server)
      case 'shared':
        return this.shared.get(server)
    }
  }

  private readFirst(place: SecretPlace, version: number, known: Lease | undefined): Promise<SecretFields> {
    const lease = aLease(place, version)
    // A call that was decided by an older policy: what newer calls use stays.
    if (known && known.version > version) return this.read(lease)
    if (known) this.drop(known)
    this.add(lease)
    return this.read(lease).catch((error: unknown) => {
      if (lease.fields === undefined) this.drop(lease)
      throw error
    })
  }

  /** Nothing is held that is no more good without the store. */
  private afterEnd(lease: Lease): Promise<SecretFields> {
    const { place, version, reading } = lease
    this.drop(lease)
    return reading ?? this.readFirst(place, version, undefined)
  }

  private renew(lease: Lease): void {
    lease.renewAtMs = this.nowMs() + againAfterMs
    if (!lease.reading) this.read(lease).catch(() => undefined)
  }

  /** Reads it, once at a time. */
  private read(lease: Lease): Promise<SecretFields> {
    const reading = this.readNow(lease).finally(() => (lease.reading = undefined))
    lease.reading = reading
    return reading
  }

  private async readNow(lease: Lease): Promise<SecretFields> {
    const { place, version } = lease
    const found = await this.reader.read(place, version).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) this.noteAway(error)
      throw error
    })
    const nowMs = this.nowMs()
    this.noteRead(nowMs)
    if (!found) {
      this.drop(lease)
      throw (await this.isGone(place, version)) ? lost(place.server, this.portalUrl) : changed(place.server)
    }
    const fields = lease.fields && isSame(lease.fields, found) ? lease.fields : found
    if (this.all.has(lease)) this.chars += charsOf(fields) - charsOf(lease.fields)
    lease.fields = fields
    lease.readAtMs = nowMs
    lease.renewAtMs = nowMs + this.times().secretCacheMs
    this.makeRoom()
    return fields
  }

  private noteAway({ message }: StoreUnavailable): void {
    if (this.awaySinceMs === undefined) this.log('warn', 'secrets cannot be read: calls go on with those that are held', { why: message })
    this.awaySinceMs ??= this.nowMs()
  }

  private noteRead(nowMs: number): void {
    if (this.awaySinceMs !== undefined) this.log('info', 'secrets can be read again')
    this.awaySinceMs = undefined
    this.lastReadAtMs = nowMs
  }

  private add(lease: Lease): void {
    const { holder, server } = lease.place
    if (holder.kind === 'shared') this.shared.set(server, lease)
    else {
      const holders = holder.kind === 'person' ? this.people : this.groups
      const servers = holders.get(holder.id) ?? new Map<string, Lease>()
      holders.set(holder.id, servers.set(server, lease))
    }
    this.all.add(lease)
  }

  private drop(lease: Lease): void {
    if (!this.all.delete(lease)) return
    this.chars -= charsOf(lease.fields)
    const { holder, server } = lease.place
    if (holder.kind === 'shared') return void this.shared.delete(server)
    const holders = holder.kind === 'person' ? this.people : this.groups
    const servers = holders.get(holder.id)
    servers?.delete(server)
    if (servers?.size === 0) holders.delete(holder.id)
  }

  /** Drops the first that was not used since it came here last. */
  private makeRoom(): void {
    for (const lease of this.all) {
      if (this.all.size <= this.max.leases && this.chars <= this.max.chars) return
      if (lease.isUsed) {
        lease.isUsed = false
        this.all.delete(lease)
        this.all.add(lease)
      } else if (!lease.reading || lease.fields) this.drop(lease)
    }
  }

  /** What is no more good without the store is not kept either. */
  private sweep(): void {
    const { secretCacheMs, secretLeaseMs } = this.times()
    const oldestMs = this.nowMs() - Math.max(secretCacheMs, secretLeaseMs)
    for (const lease of this.all) if (lease.fields && lease.readAtMs < oldestMs) this.drop(lease)
    const [first] = this.all
    if (first && this.awaySinceMs !== undefined) this.renew(first)
  }
}

const aLease = (place: SecretPlace, version: number): Lease => ({
  place,
  version,
  fields: undefined,
  readAtMs: 0,
  renewAtMs: 0,
  readAnewAtMs: -Infinity,
  reading: undefined,
  isUsed: true,
})

const charsOf = (fields: SecretFields = {}) => Object.values(fields).reduce((sum, value) => sum + value.length, 0)

function isSame(one: SecretFields, other: SecretFields): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}

const lost = (server: string, portalUrl: string | undefined) =>
  new ToolError('secret_missing', `The store of the secrets has lost the value of the secret for ${server}.`, {
    hint: secretHint(server, portalUrl),
  })

const changed = (server: string) =>
  new ToolError('secret_missing', `The secret for ${server} was changed or deleted a moment ago.`, {
    hint: 'Try again in a few seconds.',
    retryable: true,
  })
